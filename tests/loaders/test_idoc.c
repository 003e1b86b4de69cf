/* SAP IDocs: what a record sees, names of segments, lines that are missing, and files that end too soon. */
#include "tests/loaders/reading.h"
#include "tests/loaders/support.h"

#include "loaders/formats/idoc_column.h"

#define TEXT_SIZE 8192

/* A file that is being written. */
typedef struct file {
    char text[TEXT_SIZE];
    size_t size;
    const char *docnum;
    unsigned number;
} file_t;

static void add_control_of(file_t *file, const char *docnum, const char *type, const char *client,
                           const char *sender)
{
    file->docnum = docnum;
    file->number = 0;
    file->size += (size_t)snprintf(file->text + file->size, TEXT_SIZE - file->size,
                                   "%-10s%-3s%-16s%-10s%-30s%-93s%-10s\n", "EDI_DC40", client, docnum, "740",
                                   type, "", sender);
}

static void add_control(file_t *file, const char *docnum, const char *type)
{
    add_control_of(file, docnum, type, "100", "hamburg");
}

static void add_line(file_t *file, const char *name, unsigned number, unsigned parent, unsigned level,
                     const char *data)
{
    file->size +=
        (size_t)snprintf(file->text + file->size, TEXT_SIZE - file->size, "%-30s%-3s%-16s%06u%06u%02u%s\n",
                         name, "100", file->docnum, number, parent, level, data);
}

static unsigned add(file_t *file, const char *name, unsigned parent, unsigned level, const char *data)
{
    add_line(file, name, ++file->number, parent, level, data);
    return file->number;
}

static const char *const columns[] = {"E1EDP19:002@3,35", "E1EDP32@0,3", "E1EDP32@3,15", "EDI_DC40@162,10",
                                      NULL};
static const atp_profile_format_t proact = {.kind = ATP_FORMAT_IDOC, .document = (char[]){"PROACT01"}};

static void open_file(reading_t *reading, const file_t *file)
{
    reading_open(reading, &proact, file->text, file->size, 11, columns);
}

static void expect_fault(const file_t *file, const char *sentence)
{
    reading_t reading;

    open_file(&reading, file);
    reading_expect_fault(&reading, sentence);
}

/* Two items, the first with a line for each of two kinds of stock. */
static void add_document(file_t *file, const char *docnum)
{
    add_control(file, docnum, "PROACT01");
    unsigned head = add(file, "E2EDK31", 0, 1, "head");
    unsigned item = add(file, "E2EDP31", head, 2, "000010");
    add(file, "E2EDP19001", item, 3, "001other");
    add(file, "E2EDP19001", item, 3, "002bike-28");
    add(file, "E2EDP32", item, 3, "020120.000        PCE");
    add(file, "E2EDP32", item, 3, "021          4.000PCE");
    item = add(file, "E2EDP31", head, 2, "000020");
    add(file, "E2EDP19001", item, 3, "001x");
    unsigned stock = add(file, "E2EDP32", item, 3, "0205");
    add(file, "E2EDP33", stock, 4, "20261121");
}

/* The records of the document that begins after line `before`. */
static void expect_bikes(reading_t *reading, uint64_t before)
{
    reading_expect(reading, before + 6, "bike-28 020 120.000 hamburg");
    reading_expect(reading, before + 7, "bike-28 021 4.000 hamburg");
    reading_expect(reading, before + 10, " 020 5 hamburg"); /* the item before is not its own */
}

static void a_segment_with_stock_is_a_record_and_sees_its_item(void **state)
{
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_document(&file, "1");
    add_document(&file, "2");
    open_file(&reading, &file);
    for (uint64_t before = 0; before <= 11; before += 11) {
        expect_bikes(&reading, before);
    }
    reading_expect_end(&reading);
}

static void what_comes_below_the_record_is_its_own(void **state)
{
    static const char *const wanted[] = {"E1EDP32@3,3", "E1EDP33@0,8", "E1EDK31@0,4+E1EDP32.SEGNUM", NULL};
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_document(&file, "1");
    reading_open(&reading, &proact, file.text, file.size, 4096, wanted);
    reading_expect(&reading, 6, "120  head-000005");
    reading_expect(&reading, 7, "  head-000006");
    reading_expect(&reading, 10, "5 20261121 head-000009");
    reading_expect_end(&reading);
}

static void a_segment_is_called_by_its_type_or_a_definition(void **state)
{
    static const char *const ours[] = {"E1EDP32", "E2EDP32", "E2EDP32000", "E2EDP32005"};
    static const char *const others[] = {"E1EDP3",     "E2EDP33", "E2EDP320", "E1EDP32001",
                                         "E2EDP32A01", "Z2EDP32", ""};
    (void)state;

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        assert_true(atp_idoc_is_segment(atp_text_of(ours[i]), "E1EDP32"));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(atp_idoc_is_segment(atp_text_of(others[i]), "E1EDP32"));
    }
    assert_true(atp_idoc_is_segment(atp_text_of("Z2STOCK000"), "Z1STOCK"));
    assert_false(atp_idoc_is_segment(atp_text_of("E2EDP32001"), "E2EDP32"));
}

static void offsets_count_characters(void **state)
{
    static const char *const wanted[] = {"E1EDP32@2,3", NULL};
    atp_profile_format_t latin = proact;
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_control(&file, "1", "PROACT01");
    add(&file, "E1EDP32", 0, 1, "\xc3\xa4\xc3\xb6\xc3\xbc:z..");
    reading_open(&reading, &proact, file.text, file.size, 1, wanted);
    reading_expect(&reading, 2, "\xc3\xbc:z");
    reading_expect_end(&reading);

    file = (file_t){0};
    latin.charset = ATP_CHARSET_LATIN;
    add_control(&file, "1", "PROACT01");
    add(&file, "E1EDP32", 0, 1, "\xe4\xf6\xfc:z..");
    reading_open(&reading, &latin, file.text, file.size, 1, wanted);
    reading_expect(&reading, 2, "\xc3\xbc:z");
    reading_expect_end(&reading);
}

static void a_document_of_another_type_is_one_bad_record(void **state)
{
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_control(&file, "7", "ORDERS05");
    add(&file, "E2EDK01", 0, 1, "");
    add_document(&file, "8");
    open_file(&reading, &file);
    reading_expect_bad(&reading, 1, ATP_REJECT_MESSAGE_TYPE);
    reading_expect(&reading, 8, "bike-28 020 120.000 hamburg");
    reading_close(&reading);
}

static void a_document_without_numbers_of_segments_is_read(void **state)
{
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_control(&file, "1", "PROACT01");
    add_line(&file, "E1EDP31", 0, 0, 1, "000010");
    add_line(&file, "E1EDP19", 0, 0, 2, "002a");
    add_line(&file, "E1EDP32", 0, 0, 2, "0201");
    open_file(&reading, &file);
    reading_expect(&reading, 4, "a 020 1 hamburg");
    reading_expect_end(&reading);
    add_line(&file, "E1EDP32", 5, 0, 2, "0211");
    expect_fault(&file, "does not follow");
}

static void what_is_no_document_is_told(void **state)
{
    file_t file = {0};
    (void)state;

    file.size = (size_t)snprintf(file.text, TEXT_SIZE, "sku,node\n");
    expect_fault(&file, "is this an IDoc?");
    file.size = (size_t)snprintf(file.text, TEXT_SIZE, " EDI_DC40\n");
    expect_fault(&file, "begins with no name");
    file.size = (size_t)snprintf(file.text, TEXT_SIZE, "EDI_DC40  100\n");
    expect_fault(&file, "no number of the document");
    file = (file_t){0};
    add_control(&file, "1", "PROACT01");
    expect_fault(&file, "has no data");
}

static void a_document_that_is_in_the_file_before_is_one_bad_record(void **state)
{
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_document(&file, "1");
    add_document(&file, "2");
    add_document(&file, "1");
    add_document(&file, "3");
    open_file(&reading, &file);
    expect_bikes(&reading, 0);
    expect_bikes(&reading, 11);
    reading_expect_bad(&reading, 23, ATP_REJECT_INTERCHANGE_REPEATED);
    expect_bikes(&reading, 33);
    reading_expect_end(&reading);
}

static void a_document_that_says_something_else_under_a_number_is_told(void **state)
{
    file_t file = {0};
    (void)state;

    add_document(&file, "1");
    add_control(&file, "1", "PROACT01");
    add(&file, "E1EDP32", 0, 1, "0201");
    expect_fault(&file, "test:12: a document of this client, sender and number is in the file already");
}

static void two_systems_may_give_one_number(void **state)
{
    file_t file = {0};
    reading_t reading;
    (void)state;

    add_control_of(&file, "1", "PROACT01", "100", "hamburg");
    add(&file, "E1EDP32", 0, 1, "0201");
    add_control_of(&file, "1", "PROACT01", "100", "bremen");
    add(&file, "E1EDP32", 0, 1, "0202");
    add_control_of(&file, "1", "PROACT01", "200", "hamburg");
    add(&file, "E1EDP32", 0, 1, "0203");
    open_file(&reading, &file);
    reading_expect(&reading, 2, " 020 1 hamburg");
    reading_expect(&reading, 4, " 020 2 bremen");
    reading_expect(&reading, 6, " 020 3 hamburg");
    reading_expect_end(&reading);
}

/* A character may be followed by any number of bytes that go on with it. */
static void a_field_of_the_control_record_has_no_bound_in_bytes(void **state)
{
    enum { MORE = 7000 };
    char *text = malloc(2 * TEXT_SIZE + MORE);
    size_t size = (size_t)sprintf(text, "%-10s%-3s%s", "EDI_DC40", "100", "\xc3");
    reading_t reading;
    (void)state;

    memset(text + size, 0x80, MORE);
    size += MORE;
    size += (size_t)sprintf(text + size, "\nE1EDP32\n");
    reading_open(&reading, &proact, text, size, SIZE_MAX, columns);
    reading_expect_bad(&reading, 1, ATP_REJECT_MESSAGE_TYPE);
    reading_close(&reading);
    free(text);
}

static void a_line_that_is_missing_or_of_another_document_is_told(void **state)
{
    file_t file = {0};
    (void)state;

    add_control(&file, "1", "PROACT01");
    add_line(&file, "E1EDP31", 1, 0, 1, "");
    add_line(&file, "E1EDP32", 3, 1, 2, "");
    expect_fault(&file, "test:3: the number of the segment does not follow");

    file = (file_t){0};
    add_control(&file, "1", "PROACT01");
    file.docnum = "2";
    add_line(&file, "E1EDP31", 1, 0, 1, "");
    expect_fault(&file, "test:2: the line is of another document");

    file = (file_t){0};
    add_control(&file, "1", "PROACT01");
    add_line(&file, "E1EDP31", 1, 0, 1, "");
    add_line(&file, "E1EDP31", 2, 0, 1, "");
    add_line(&file, "E1EDP32", 3, 7, 2, "");
    expect_fault(&file, "test:4: the segment names one above it that is not there");

    file = (file_t){0};
    add_control(&file, "1", "PROACT01");
    add_line(&file, "E1EDP31", 1, 0, 0, "");
    expect_fault(&file, "no level");
}

/* Without `last` a cut between two lines leaves a shorter document that is as good; with it none does. */
static void every_cut_of_a_document_is_told(void **state)
{
    atp_profile_format_t whole = proact;
    file_t file = {0};
    (void)state;

    whole.last = (char[]){"E1EDS01"};
    add_document(&file, "1");
    add(&file, "E2EDS01", 0, 1, "3");
    for (size_t size = 1; size < file.size; size++) {
        reading_t reading;
        reading_open(&reading, &whole, file.text, size, 4096, columns);
        reading_expect_fault(&reading, "test:");
        bool is_line_end = file.text[size - 1] == '\n';
        if (!is_line_end) {
            reading_open(&reading, &proact, file.text, size, 4096, columns);
            reading_expect_fault(&reading, "the file ends within a line");
        }
    }
    reading_t reading;
    reading_open(&reading, &whole, file.text, file.size, 4096, columns);
    reading_expect(&reading, 6, "bike-28 020 120.000 hamburg");
    reading_close(&reading);
}

static void what_stands_above_a_record_is_bounded(void **state)
{
    enum { LINES = 600, LINE_SIZE = 80 };
    char *text = malloc(LINES * LINE_SIZE + 20000);
    file_t file = {0};
    reading_t reading;
    (void)state;

    assert_non_null(text);
    add_control(&file, "1", "PROACT01");
    memcpy(text, file.text, file.size);
    size_t size = file.size;
    for (unsigned i = 1; i <= LINES; i++) {
        size += (size_t)sprintf(text + size, "%-30s100%-16s%06u00000001x\n", "E2EDKA1", "1", i);
    }
    reading_open(&reading, &proact, text, size, SIZE_MAX, columns);
    reading_expect_fault(&reading, "more segments above a record");
    memset(text, 'x', 20000);
    text[19999] = '\n';
    reading_open(&reading, &proact, text, 20000, SIZE_MAX, columns);
    reading_expect_fault(&reading, "has the file line ends?");
    free(text);
}

static void columns_that_are_none_are_refused(void **state)
{
    static const char *const good[] = {"E1EDP32@0,3",   "E1EDP19:002@3,35", "EDI_DC40@0,1063",
                                       "E1EDP32@999,1", "/ABC/E1X@0,1",     "A@0,1+B@1,2|C.SEGNUM"};
    static const char *const bad[] = {"",
                                      "E1EDP32",
                                      "E1EDP32@",
                                      "E1EDP32@0",
                                      "E1EDP32@0,0",
                                      "E1EDP32@0,",
                                      "E1EDP32@1000,1",
                                      "E1EDP32@999,2",
                                      "EDI_DC40@0,1064",
                                      "EDI_DC40@99999999999,1",
                                      "e1edp32@0,1",
                                      "E1EDP32:@0,1",
                                      "E1EDP32:020",
                                      "E1EDP32@0,1 ",
                                      "E1EDP32@0,1+",
                                      "E1EDP32@-1,1",
                                      "E1EDP32.SEGNUMS",
                                      "A@0,1|A@0,1|A@0,1|A@0,1|A@0,1",
                                      "A234567890123456789012345678901@0,1"};
    atp_idoc_column_t column;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(atp_idoc_column_parse(good[i], &column));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(atp_idoc_column_parse(bad[i], &column));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_with_stock_is_a_record_and_sees_its_item),
        cmocka_unit_test(what_comes_below_the_record_is_its_own),
        cmocka_unit_test(a_segment_is_called_by_its_type_or_a_definition),
        cmocka_unit_test(offsets_count_characters),
        cmocka_unit_test(a_document_of_another_type_is_one_bad_record),
        cmocka_unit_test(a_document_without_numbers_of_segments_is_read),
        cmocka_unit_test(what_is_no_document_is_told),
        cmocka_unit_test(a_document_that_is_in_the_file_before_is_one_bad_record),
        cmocka_unit_test(a_document_that_says_something_else_under_a_number_is_told),
        cmocka_unit_test(two_systems_may_give_one_number),
        cmocka_unit_test(a_field_of_the_control_record_has_no_bound_in_bytes),
        cmocka_unit_test(a_line_that_is_missing_or_of_another_document_is_told),
        cmocka_unit_test(every_cut_of_a_document_is_told),
        cmocka_unit_test(what_stands_above_a_record_is_bounded),
        cmocka_unit_test(columns_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

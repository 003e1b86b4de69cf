/* Acknowledgements of EDI files, byte for byte. What is expected was written by hand from the standards' segment tables:
 * X12 997 (AK1 to AK9), TA1; ISO 9735 CONTRL (UCI, UCF, UCM, UCS, UCD). */
#include "tests/loaders/support.h"

#include "loaders/edi/edi_ack.h"

#define X12_PROFILE                                                                                          \
    "version: 1\nname: t\nloads: positions\nbasis: on_hand\nformat: {kind: x12, document: \"846\"}\n"        \
    "columns: {sku: 'LIN[VN]', node: 'N1:WH.4', on_hand: QTY.2, status: QTY.1}\n"                            \
    "buckets:\n  - {status: \"17\", bucket: on_hand}\n  - {status: \"33\", bucket: skip}\n"

#define EDIFACT_PROFILE                                                                                      \
    "version: 1\nname: t\nloads: positions\nbasis: on_hand\nformat: {kind: edifact, document: INVRPT}\n"     \
    "columns: {sku: 'LIN[EN]', node: 'LOC:18.2.1', on_hand: QTY.1.2, status: QTY.1.1}\n"                     \
    "buckets:\n  - {status: \"145\", bucket: on_hand}\n"

#define ISA(number, wants_ta1)                                                                               \
    "ISA*00*          *00*          *ZZ*SUPPLIER       *01*SHOP           "                                  \
    "*261121*0300*U*00401*" number "*" wants_ta1 "*T*:~\n"
#define GS    "GS*IB*SUPPLIER*SHOP*20261121*0300*7*X*004010~\n"
#define SET_1 "ST*846*0001~\nN1*WH*x*92*berlin~\nLIN**VN*bike~\nQTY*17*5*EA~\nSE*5*0001~\n"

/* The same envelope, back. */
#define BACK                                                                                                 \
    "ISA*00*          *00*          *01*SHOP           *ZZ*SUPPLIER       "                                  \
    "*261121*0300*U*00401*000000009*0*T*:~\n"
#define BACK_GS "GS*FA*SHOP*SUPPLIER*20261121*0300*7*X*004010~\nST*997*0001~\nAK1*IB*7~\n"
#define BACK_GE "GE*1*7~\nIEA*1*000000009~\n"

typedef struct run {
    char text[8192];
    loaded_t *loaded;
    atp_edi_ack_counts_t counts;
} run_t;

static uint64_t key_window; /* 0: the default. Beyond it rows may be checked twice */

/* What the ledger says to each row that is delivered; counted from 0. */
typedef atp_edi_answer_t (*answer_fn)(uint32_t row);

static atp_edi_answer_t takes_all(uint32_t row)
{
    (void)row;
    return ATP_EDI_TAKEN;
}

static atp_edi_answer_t took_all_before(uint32_t row)
{
    (void)row;
    return ATP_EDI_TAKEN_BEFORE;
}

static atp_edi_answer_t refuses_the_second(uint32_t row)
{
    return row == 1 ? ATP_EDI_REFUSED : ATP_EDI_TAKEN;
}

static run_t *acknowledge(scratch_t *scratch, const char *profile, double bad_share, const char *text,
                          answer_fn answer)
{
    run_t *run = calloc(1, sizeof *run);
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    bool is_x12 = strstr(profile, "kind: x12") != NULL;
    atp_edi_ack_t *ack = NULL;

    assert_non_null(run);
    assert_int_equal(atp_edi_ack_create(is_x12 ? ATP_EDI_X12 : ATP_EDI_EDIFACT, &ack), ATP_OK);
    scratch_write_text(scratch, "file.edi", text);
    options.path = scratch_path(scratch, "file.edi");
    options.max_bad_share = bad_share;
    options.batch_rows_max = 3;
    options.key_window = key_window;
    options.ack = ack;
    run->loaded = load_with(profile, &options);
    bool is_loaded = run->loaded->validated == ATP_OK;
    for (uint32_t i = 0; is_loaded && i < run->loaded->row_count; i++) {
        atp_edi_ack_note_answer(ack, &run->loaded->rows[i].row.origin, answer(i));
    }
    FILE *file = fmemopen(run->text, sizeof run->text, "w");
    assert_non_null(file);
    atp_edi_ack_write(ack, is_loaded, file);
    assert_int_equal(fclose(file), 0);
    run->counts = atp_edi_ack_counts(ack);
    atp_edi_ack_destroy(ack);
    return run;
}

static void run_free(run_t *run)
{
    loaded_free(run->loaded);
    free(run);
}

static void expect_x12(void **state, double bad_share, const char *text, answer_fn answer, const char *wanted)
{
    run_t *run = acknowledge(*state, X12_PROFILE, bad_share, text, answer);

    assert_string_equal(run->text, wanted);
    run_free(run);
}

static void expect_edifact(void **state, double bad_share, const char *text, answer_fn answer,
                           const char *wanted)
{
    run_t *run = acknowledge(*state, EDIFACT_PROFILE, bad_share, text, answer);

    assert_string_equal(run->text, wanted);
    run_free(run);
}

/* ---- X12 ---- */

static void a_good_set_is_accepted(void **state)
{
    expect_x12(state, 0, ISA("000000009", "0") GS SET_1 "GE*1*7~\nIEA*1*000000009~\n", takes_all,
               BACK BACK_GS "AK2*846*0001~\nAK5*A~\nAK9*A*1*1*1~\nSE*6*0001~\n" BACK_GE);
}

/* Rows of the second set: an item without a number in LIN's pairs, a quantity that is none, a code that is not known. */
static const char three_sets[] = ISA("000000009", "0") GS SET_1
    "ST*846*0002~\nN1*WH*x*92*berlin~\nLIN**VN*helmet~\nQTY*17*2~\nLIN**UP*1~\nQTY*17*4~\n"
    "LIN**VN*bell~\nQTY*17*2x~\nLIN**VN*pump~\nQTY*99*3~\nSE*11*0002~\n"
    "ST*846*0003~\nLIN**VN*tube~\nQTY*17*-3~\nSE*4*0003~\n"
    "GE*3*7~\nIEA*1*000000009~\n";

static void bad_segments_are_named_by_position_element_and_code(void **state)
{
    expect_x12(state, 1, three_sets, takes_all,
               BACK BACK_GS "AK2*846*0001~\nAK5*A~\n"
                            "AK2*846*0002~\n"
                            "AK3*LIN*5**8~\n"
                            "AK3*QTY*8**8~\nAK4*2**6~\n"
                            "AK3*QTY*10**8~\nAK4*1**7*99~\n"
                            "AK5*E*5~\n"
                            "AK2*846*0003~\nAK3*N1*3**3~\nAK5*R*5~\n"
                            "AK9*P*3*3*2~\nSE*16*0001~\n" BACK_GE);
}

static void a_file_that_is_not_loaded_is_rejected_set_by_set(void **state)
{
    run_t *run = acknowledge(*state, X12_PROFILE, 0, three_sets, takes_all);

    assert_int_equal(run->loaded->validated, ATP_ERR_INVALID);
    assert_text_in(run->text, "AK2*846*0001~\nAK5*R~\n");
    assert_text_in(run->text, "AK5*R*5~\nAK2*846*0003~\n");
    assert_text_in(run->text, "AK9*R*3*3*0~\n");
    assert_int_equal(run->counts.rejected, 3);
    run_free(run);
}

static void a_row_that_the_ledger_refuses_is_an_error_of_its_set(void **state)
{
    expect_x12(state, 0,
               ISA("000000009", "0") GS
               "ST*846*0001~\nN1*WH*x*92*berlin~\nLIN**VN*a~\nQTY*17*5~\nLIN**VN*b~\nQTY*17*6~\n"
               "SE*7*0001~\nGE*1*7~\nIEA*1*000000009~\n",
               refuses_the_second,
               BACK BACK_GS "AK2*846*0001~\nAK3*QTY*6**8~\nAK5*E*5~\nAK9*E*1*1*1~\nSE*7*0001~\n" BACK_GE);
}

static void a_set_of_which_nothing_is_taken_is_rejected(void **state)
{
    expect_x12(state, 0,
               ISA("000000009", "0") GS SET_1 "ST*846*0002~\nN1*WH*x*92*paris~\nLIN**VN*b~\nQTY*17*6~\n"
                                              "SE*5*0002~\nGE*2*7~\nIEA*1*000000009~\n",
               refuses_the_second,
               BACK BACK_GS "AK2*846*0001~\nAK5*A~\nAK2*846*0002~\nAK3*QTY*4**8~\nAK5*R*5~\n"
                            "AK9*P*2*2*1~\nSE*9*0001~\n" BACK_GE);
}

static void a_set_of_another_type_is_not_supported(void **state)
{
    expect_x12(state, 1,
               ISA("000000009", "0") GS SET_1 "ST*810*0002~\nBIG*1~\nSE*3*0002~\nGE*2*7~\nIEA*1*000000009~\n",
               takes_all,
               BACK BACK_GS
               "AK2*846*0001~\nAK5*A~\nAK2*810*0002~\nAK5*R*1~\nAK9*P*2*2*1~\nSE*8*0001~\n" BACK_GE);
}

static void a_row_that_is_there_twice_is_an_unexpected_segment(void **state)
{
    expect_x12(state, 1,
               ISA("000000009", "0") GS
               "ST*846*0001~\nN1*WH*x*92*berlin~\nLIN**VN*a~\nQTY*17*5~\nLIN**VN*a~\nQTY*17*6~\n"
               "SE*7*0001~\nGE*1*7~\nIEA*1*000000009~\n",
               takes_all,
               BACK BACK_GS "AK2*846*0001~\nAK3*QTY*6**2~\nAK5*E*5~\nAK9*E*1*1*1~\nSE*7*0001~\n" BACK_GE);
}

static void an_interchange_that_was_loaded_before_is_a_duplicate(void **state)
{
    run_t *run = acknowledge(*state, X12_PROFILE, 0,
                             ISA("000000009", "0") GS SET_1 "GE*1*7~\nIEA*1*000000009~\n", took_all_before);

    assert_string_equal(run->text, BACK "TA1*000000009*261121*0300*R*025~\nIEA*0*000000009~\n");
    assert_int_equal(run->counts.repeats, 1);
    run_free(run);
}

static void an_interchange_twice_in_a_file_is_a_duplicate_the_second_time(void **state)
{
    static const char twice[] = ISA("000000009", "0") GS SET_1
        "GE*1*7~\nIEA*1*000000009~\n" ISA("000000009", "0") GS SET_1 "GE*1*7~\nIEA*1*000000009~\n";

    expect_x12(state, 0, twice, takes_all,
               BACK BACK_GS "AK2*846*0001~\nAK5*A~\nAK9*A*1*1*1~\nSE*6*0001~\n" BACK_GE BACK
                            "TA1*000000009*261121*0300*R*025~\nIEA*0*000000009~\n");
}

static void a_ta1_is_written_when_the_interchange_asks_for_it(void **state)
{
    expect_x12(state, 0, ISA("000000009", "1") GS SET_1 "GE*1*7~\nIEA*1*000000009~\n", takes_all,
               BACK "TA1*000000009*261121*0300*A*000~\n" BACK_GS
                    "AK2*846*0001~\nAK5*A~\nAK9*A*1*1*1~\nSE*6*0001~\n" BACK_GE);
}

static void damaged_envelopes_are_told_at_their_level(void **state)
{
    static const struct {
        const char *tail;
        const char *told;
    } cases[] = {
        {"SE*4*0001~\nGE*1*7~\nIEA*1*000000009~\n", "AK5*R*4~\nAK9*R*1*1*0~\n"},
        {"SE*5*0008~\nGE*1*7~\nIEA*1*000000009~\n", "AK5*R*3~\n"},
        {"GE*1*7~\nIEA*1*000000009~\n", "AK5*R*2~\n"},
        {"", "AK5*R*2~\n"},
        {"SE*5*0001~\nGE*2*7~\nIEA*1*000000009~\n", "AK5*R~\nAK9*R*1*1*0*5~\n"},
        {"SE*5*0001~\nGE*1*8~\nIEA*1*000000009~\n", "AK9*R*1*1*0*4~\n"},
        {"SE*5*0001~\nIEA*1*000000009~\n", "AK9*R*1*1*0*3~\n"},
        {"SE*5*0001~\nGE*1*7~\nIEA*2*000000009~\n", "TA1*000000009*261121*0300*R*021~\n"},
        {"SE*5*0001~\nGE*1*7~\nIEA*1*000000008~\n", "TA1*000000009*261121*0300*R*001~\n"},
        {"SE*5*0001~\nGE*1*7~\n", "TA1*000000009*261121*0300*R*023~\n"},
        {"SE*5*0001~\nGE*1*7~\nST*846*0002~\n", "TA1*000000009*261121*0300*R*022~\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s",
                 ISA("000000009", "0") GS "ST*846*0001~\nN1*WH*x*92*berlin~\nLIN**VN*bike~\nQTY*17*5*EA~\n",
                 cases[i].tail);
        run_t *run = acknowledge(*state, X12_PROFILE, 0, text, takes_all);
        assert_int_equal(run->loaded->validated, ATP_ERR_FORMAT);
        assert_text_in(run->text, cases[i].told);
        assert_text_in(run->text, "AK9*R*1*1*0");
        assert_text_in(run->text, "IEA*1*000000009~\n");
        run_free(run);
    }
}

static void an_acknowledgement_is_not_acknowledged(void **state)
{
    expect_x12(
        state, 1,
        ISA("000000009", "0") "GS*FA*SUPPLIER*SHOP*20261121*0300*6*X*004010~\nST*997*0001~\nAK1*IB*1~\n"
                              "AK9*A*1*1*1~\nSE*4*0001~\nGE*1*6~\n" GS SET_1 "GE*1*7~\nIEA*2*000000009~\n",
        takes_all, BACK BACK_GS "AK2*846*0001~\nAK5*A~\nAK9*A*1*1*1~\nSE*6*0001~\n" BACK_GE);
    expect_x12(
        state, 1,
        ISA("000000009", "0") "GS*FA*SUPPLIER*SHOP*20261121*0300*6*X*004010~\nST*997*0001~\nAK1*IB*1~\n"
                              "AK9*A*1*1*1~\nSE*4*0001~\nGE*1*6~\nIEA*1*000000009~\n",
        takes_all, "");
}

static void a_version_of_5010_is_said(void **state)
{
    static const char text[] =
        ISA("000000009", "0") "GS*IB*SUPPLIER*SHOP*20261121*0300*7*X*005010~\n"
                              "ST*846*0001*005010X1~\nN1*WH*x*92*berlin~\nLIN**VN*bike~\n"
                              "QTY*17*5*EA~\nSE*5*0001~\nGE*1*7~\nIEA*1*000000009~\n";
    run_t *run = acknowledge(*state, X12_PROFILE, 0, text, takes_all);

    assert_text_in(run->text, "AK1*IB*7*005010~\nAK2*846*0001*005010X1~\n");
    run_free(run);
}

/* ---- EDIFACT ---- */

#define UNB         "UNB+UNOC:3+SUPPLIER:14+SHOP:14+261121:0300+REF7'\n"
#define MESSAGE_1   "UNH+M1+INVRPT:D:96A:UN'\nLOC+18+berlin'\nLIN+1++4000862141404:EN'\nQTY+145:5'\nUNT+5+M1'\n"
#define CONTRL      "UNB+UNOC:3+SHOP:14+SUPPLIER:14+261121:0300+REF7'\nUNH+1+CONTRL:D:3:UN'\n"
#define CONTRL_TAIL "UNZ+1+REF7'\n"

static void a_good_message_is_acknowledged(void **state)
{
    expect_edifact(state, 0, UNB MESSAGE_1 "UNZ+1+REF7'\n", takes_all,
                   CONTRL
                   "UCI+REF7+SUPPLIER:14+SHOP:14+7'\nUCM+M1+INVRPT:D:96A:UN+7'\nUNT+4+1'\n" CONTRL_TAIL);
}

static void bad_segments_of_a_message_are_named(void **state)
{
    expect_edifact(state, 1,
                   UNB MESSAGE_1
                   "UNH+M2+INVRPT:D:96A:UN'\nLIN+1++4000862141405:EN'\nQTY+145:5'\nUNT+4+M2'\n"
                   "UNH+M3+INVRPT:D:96A:UN'\nLOC+18+berlin'\nLIN+1++4000862141406:EN'\nQTY+145:x'\n"
                   "LIN+2++4000862141407:EN'\nQTY+145:7'\nUNT+7+M3'\n"
                   "UNH+M4+ORDERS:D:96A:UN'\nBGM+1'\nUNT+3+M4'\nUNZ+4+REF7'\n",
                   takes_all,
                   CONTRL "UCI+REF7+SUPPLIER:14+SHOP:14+7'\nUCM+M1+INVRPT:D:96A:UN+7'\n"
                          "UCM+M2+INVRPT:D:96A:UN+4'\nUCS+3+13'\n"
                          "UCM+M3+INVRPT:D:96A:UN+7'\nUCS+4'\nUCD+37+1:2'\n"
                          "UCM+M4+ORDERS:D:96A:UN+4+14+UNH+2:1'\nUNT+10+1'\n" CONTRL_TAIL);
}

static void an_interchange_that_was_read_before_is_a_duplicate(void **state)
{
    expect_edifact(state, 0, UNB MESSAGE_1 "UNZ+1+REF7'\n", took_all_before,
                   CONTRL "UCI+REF7+SUPPLIER:14+SHOP:14+4+26'\nUNT+3+1'\n" CONTRL_TAIL);
}

static void a_damaged_interchange_is_rejected_at_its_level(void **state)
{
    expect_edifact(
        state, 0, UNB MESSAGE_1 "UNZ+2+REF7'\n", takes_all,
        CONTRL "UCI+REF7+SUPPLIER:14+SHOP:14+4+29+UNZ'\nUCM+M1+INVRPT:D:96A:UN+4'\nUNT+4+1'\n" CONTRL_TAIL);
    expect_edifact(
        state, 0, UNB "UNH+M1+INVRPT:D:96A:UN'\nLIN+1'\nUNT+3+M9'\nUNZ+1+REF7'\n", takes_all,
        CONTRL "UCI+REF7+SUPPLIER:14+SHOP:14+4'\nUCM+M1+INVRPT:D:96A:UN+4+28+UNT'\nUNT+4+1'\n" CONTRL_TAIL);
    expect_edifact(
        state, 0, UNB "UNH+M1+INVRPT:D:96A:UN'\nLIN+1'\n", takes_all,
        CONTRL "UCI+REF7+SUPPLIER:14+SHOP:14+4'\nUCM+M1+INVRPT:D:96A:UN+4+13+UNT'\nUNT+4+1'\n" CONTRL_TAIL);
    expect_edifact(state, 0, "UNB+UNOD:3+S+R+261121:0300+REF7'\n" MESSAGE_1 "UNZ+1+REF7'\n", takes_all,
                   "UNB+UNOD:3+R+S+261121:0300+REF7'\nUNH+1+CONTRL:D:3:UN'\nUCI+REF7+S+R+4+2+UNB'\nUNT+3+1'"
                   "\n" CONTRL_TAIL);
}

static void groups_signs_and_syntax_are_those_of_the_interchange(void **state)
{
    expect_edifact(
        state, 0,
        "UNA*!,; ~\nUNB!UNOC*4!SUPP;!LIER*14!SHOP*14!20261121*0300!R1!!!!!!1~\n"
        "UNG!INVRPT!A*14!B*14!20261121*0300!G1!UN!D*96A~\n"
        "UNH!M1!INVRPT*D*96A*UN~LOC!18!berlin~LIN!1!!4000862141404*EN~QTY!145*5~UNT!5!M1~\nUNE!1!G1~\nUNZ!1!"
        "R1~\n",
        takes_all,
        "UNA*!,; ~\nUNB!UNOC*4!SHOP*14!SUPP;!LIER*14!20261121*0300!R1!!!!!!1~\nUNH!1!CONTRL*4*1*UN~\n"
        "UCI!R1!SUPP;!LIER*14!SHOP*14!7~\nUCF!G1!A*14!B*14!7~\nUCM!M1!INVRPT*D*96A*UN!7~\nUNT!5!1~\nUNZ!1!R1~"
        "\n");
}

static void a_contrl_message_is_not_acknowledged(void **state)
{
    expect_edifact(
        state, 1, UNB "UNH+1+CONTRL:D:3:UN'\nUCI+1+S+R+7'\nUNT+3+1'\n" MESSAGE_1 "UNZ+2+REF7'\n", takes_all,
        CONTRL "UCI+REF7+SUPPLIER:14+SHOP:14+7'\nUCM+M1+INVRPT:D:96A:UN+7'\nUNT+4+1'\n" CONTRL_TAIL);
    expect_edifact(state, 1, UNB "UNH+1+CONTRL:D:3:UN'\nUCI+1+S+R+7'\nUNT+3+1'\nUNZ+1+REF7'\n", takes_all,
                   "");
}

/* ---- bounds ---- */

static void more_bad_segments_than_are_named_are_still_counted(void **state)
{
    enum { SETS = 70000 }; /* beyond ATP_EDI_ACK_NOTES_MAX */
    atp_edi_signs_t signs = {'*', ':', '~', '\0', '.'};
    atp_edi_segment_t isa = {.raw = ATP_TEXT("ISA*00*1")};
    atp_edi_segment_t gs = {.raw = ATP_TEXT("GS*IB*S*R*20261121*0300*7*X*004010")};
    atp_edi_segment_t st = {.raw = ATP_TEXT("ST*846*1")};
    atp_edi_ack_t *ack = NULL;
    (void)state;

    assert_int_equal(atp_edi_ack_create(ATP_EDI_X12, &ack), ATP_OK);
    atp_edi_ack_open(ack, 1, &isa, &signs);
    atp_edi_ack_open(ack, 2, &gs, &signs);
    for (uint32_t i = 1; i <= SETS; i++) {
        atp_edi_where_t where = {.message = i, .segment = 3, .tag = ATP_TEXT("QTY"), .value = ATP_TEXT("")};
        atp_edi_ack_open(ack, 3, &st, &signs);
        atp_edi_ack_note_bad(ack, &where, ATP_REJECT_QTY_MALFORMED);
    }
    assert_int_equal(atp_edi_ack_end_reading(ack), ATP_OK);
    FILE *file = fopen("/dev/null", "w");
    assert_non_null(file);
    atp_edi_ack_write(ack, true, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(atp_edi_ack_counts(ack).rejected, SETS);
    atp_edi_ack_destroy(ack);
}

static void more_messages_than_are_told_is_an_error(void **state)
{
    atp_edi_signs_t signs = {'*', ':', '~', '\0', '.'};
    atp_edi_segment_t isa = {.raw = ATP_TEXT("ISA*00*1")};
    atp_edi_segment_t st = {.raw = ATP_TEXT("ST")};
    atp_edi_ack_t *ack = NULL;
    (void)state;

    assert_int_equal(atp_edi_ack_create(ATP_EDI_X12, &ack), ATP_OK);
    atp_edi_ack_open(ack, 1, &isa, &signs);
    for (uint32_t i = 0; i <= ATP_EDI_ACK_MESSAGES_MAX; i++) {
        atp_edi_ack_open(ack, 3, &st, &signs);
    }
    assert_int_equal(atp_edi_ack_end_reading(ack), ATP_ERR_LIMIT);
    atp_edi_ack_destroy(ack);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        WITH_SCRATCH(a_good_set_is_accepted),
        WITH_SCRATCH(bad_segments_are_named_by_position_element_and_code),
        WITH_SCRATCH(a_file_that_is_not_loaded_is_rejected_set_by_set),
        WITH_SCRATCH(a_row_that_the_ledger_refuses_is_an_error_of_its_set),
        WITH_SCRATCH(a_set_of_which_nothing_is_taken_is_rejected),
        WITH_SCRATCH(a_set_of_another_type_is_not_supported),
        WITH_SCRATCH(a_row_that_is_there_twice_is_an_unexpected_segment),
        WITH_SCRATCH(an_interchange_that_was_loaded_before_is_a_duplicate),
        WITH_SCRATCH(an_interchange_twice_in_a_file_is_a_duplicate_the_second_time),
        WITH_SCRATCH(a_ta1_is_written_when_the_interchange_asks_for_it),
        WITH_SCRATCH(damaged_envelopes_are_told_at_their_level),
        WITH_SCRATCH(an_acknowledgement_is_not_acknowledged),
        WITH_SCRATCH(a_version_of_5010_is_said),
        WITH_SCRATCH(a_good_message_is_acknowledged),
        WITH_SCRATCH(bad_segments_of_a_message_are_named),
        WITH_SCRATCH(an_interchange_that_was_read_before_is_a_duplicate),
        WITH_SCRATCH(a_damaged_interchange_is_rejected_at_its_level),
        WITH_SCRATCH(groups_signs_and_syntax_are_those_of_the_interchange),
        WITH_SCRATCH(a_contrl_message_is_not_acknowledged),
        cmocka_unit_test(more_bad_segments_than_are_named_are_still_counted),
        cmocka_unit_test(more_messages_than_are_told_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    key_window = 1;
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

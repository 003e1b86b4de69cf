/* X12 and EDIFACT: what a record has, what columns mean, signs of all kinds, and interchanges that lie. */
#include "tests/loaders/reading.h"
#include "tests/loaders/support.h"

#include "loaders/edi/edi_column.h"
#include "loaders/edi/edi_document.h"

static void open_text(reading_t *reading, const char *document, const char *text, size_t size,
                      const char *const *columns)
{
    static char type[8]; /* borrowed by the reading */
    bool is_x12 = document[0] >= '0' && document[0] <= '9';
    atp_profile_format_t format = {.kind = is_x12 ? ATP_FORMAT_X12 : ATP_FORMAT_EDIFACT, .document = type};

    snprintf(type, sizeof type, "%s", document);
    reading_open(reading, &format, text, size, 7, columns);
}

static void expect_fault(const char *document, const char *text, const char *sentence)
{
    static const char *const columns[] = {"LIN.1", NULL};
    reading_t reading;

    open_text(&reading, document, text, strlen(text), columns);
    reading_expect_fault(&reading, sentence);
}

#define ISA                                                                                                  \
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "                                  \
    "*261121*0300*U*00401*000000001*0*P*:~\n"
#define GS   "GS*IB*S*R*20261121*0300*7*X*004010~\n"
#define TAIL "GE*1*7~\nIEA*1*000000001~\n"
#define UNB  "UNB+UNOA:3+S+R+261121:0300+R1'"
#define UNH  "UNH+1+INVRPT:D:96A:UN'"

static const char store_sales[] = ISA GS "ST*852*0001~\nXQ*H*20261120*20261120~\nN1*RT*Stores~\n"
                                         "LIN**UP*012345678905*VN*bike-28~\n"
                                         "ZA*QS*9*EA~\nSDQ*EA*92*s1*5*s2*3~\nSDQ*CA*92*s3*1~\n"
                                         "ZA*QR*20*EA~\n"
                                         "LIN**VN*helmet-m~\nZA*QT*2*EA~\nCTT*2~\nSE*12*0001~\n" TAIL;

static void a_pair_of_store_and_quantity_is_a_record(void **state)
{
    static const char *const columns[] = {"LIN[VN]", "ZA.1",          "SDQ.store", "SDQ.quantity|ZA.2",
                                          "XQ.2",    "SDQ.unit|ZA.3", NULL};
    reading_t reading;
    (void)state;

    open_text(&reading, "852", store_sales, strlen(store_sales), columns);
    reading_expect(&reading, 7, "bike-28 QS s1 5 20261120 EA");
    reading_expect(&reading, 7, "bike-28 QS s2 3 20261120 EA");
    reading_expect(&reading, 7, "bike-28 QS s3 1 20261120 CA");
    reading_expect(&reading, 10, "bike-28 QR  20 20261120 EA");
    reading_expect(&reading, 12, "helmet-m QT  2 20261120 EA");
    reading_expect_end(&reading);
}

static void an_item_sees_what_its_parents_say_and_not_its_siblings(void **state)
{
    static const char *const columns[] = {"ISA.6+BSN.2+HL.1", "PRF.1",    "MAN.2", "LIN[VN]", "SN1.2",
                                          "DTM:017.2",        "HL.place", NULL};
    static const char text[] =
        ISA GS "ST*856*0001~BSN*00*ASN*20261121*0300~HL*1**S~DTM*011*20261120~DTM*017*20261130~"
               "HL*2*1*O~PRF*PO1~HL*3*2*P~MAN*GM*box1~HL*4*3*I~LIN**VN*a~SN1**1*EA~"
               "HL*5*2*P~HL*6*5*I~LIN**VN*b~SN1**2*EA~"
               "HL*7*1*O~PRF*PO2~HL*8*7*I~LIN**VN*c~SN1**3*EA~SE*22*0001~" TAIL;
    reading_t reading;
    (void)state;

    open_text(&reading, "856", text, strlen(text), columns);
    reading_expect(&reading, 3, "SENDER-ASN-4 PO1 box1 a 1 20261130 1.10");
    reading_expect(&reading, 3, "SENDER-ASN-6 PO1  b 2 20261130 1.14");
    reading_expect(&reading, 3, "SENDER-ASN-8 PO2  c 3 20261130 1.19");
    reading_expect_end(&reading);
}

static void a_message_of_another_type_is_one_bad_record(void **state)
{
    static const char *const columns[] = {"LIN[VN]", "QTY.2", NULL};
    static const char text[] =
        ISA GS "ST*997*0001~\nAK1*IB*7~\nSE*3*0001~\nST*997*0002~\nAK1*IB*8~\nSE*3*0002~\n"
               "ST*846*0003~\nLIN**VN*a~\nQTY*17*4~\nSE*4*0003~\nGE*3*7~\nIEA*1*000000001~\n";
    reading_t reading;
    (void)state;

    open_text(&reading, "846", text, strlen(text), columns);
    reading_expect_bad(&reading, 3, ATP_REJECT_MESSAGE_TYPE);
    reading_expect_bad(&reading, 6, ATP_REJECT_MESSAGE_TYPE);
    reading_expect(&reading, 11, "a 4");
    reading_expect_end(&reading);
}

static void a_message_that_cancels_or_changes_another_is_one_bad_record(void **state)
{
    static const char *const columns[] = {"LIN[VN]", "SN1.2", "LIN.place", NULL};
    static const char *const edifact_columns[] = {"LIN.3.1", "QTY.1.2", NULL};
#define NOTICE(number, purpose, item)                                                                        \
    "ST*856*" number "~\nBSN*" purpose "*ASN*20261121*0300~\nHL*1**I~\nLIN**VN*" item                        \
    "~\nSN1**1~\nSE*6*" number "~\n"
    static const char text[] =
        ISA GS NOTICE("0001", "01", "a") NOTICE("0002", "05", "b") NOTICE("0003", "04", "c")
            NOTICE("0004", "00 05", "d") NOTICE("0005", "", "e") "GE*5*7~\nIEA*1*000000001~\n";
    static const char edifact[] =
        UNB "UNH+1+INVRPT:D:96A:UN'BGM+35+I+1'LIN+1++p:EN'QTY+145:4'UNT+5+1'"
            "UNH+2+INVRPT:D:96A:UN'BGM+35+I+9'LIN+1++q:EN'QTY+145:5'UNT+5+2'UNZ+2+R1'";
    reading_t reading;
    (void)state;

    open_text(&reading, "856", text, strlen(text), columns);
    reading_expect_bad(&reading, 4, ATP_REJECT_MESSAGE_PURPOSE);
    reading_expect(&reading, 13, "b 1 2.4");
    reading_expect_bad(&reading, 16, ATP_REJECT_MESSAGE_PURPOSE);
    reading_expect_bad(&reading, 22, ATP_REJECT_MESSAGE_PURPOSE);
    reading_expect(&reading, 31, "e 1 5.4");
    reading_expect_end(&reading);
    open_text(&reading, "INVRPT", edifact, strlen(edifact), edifact_columns);
    reading_expect_bad(&reading, 1, ATP_REJECT_MESSAGE_PURPOSE);
    reading_expect(&reading, 1, "q 5");
    reading_expect_end(&reading);
    expect_fault("856", ISA GS "ST*856*0001~\nBSN*00*ASN~\nHL*1**I~\nLIN**VN*a~\nSN1**1~\nBSN*01*ASN~\n",
                 "behind its first item");
#undef NOTICE
}

/* As a mailbox gives them that was asked twice; what they say would be summed. */
static void an_interchange_that_stands_there_again_gives_nothing_but_its_header(void **state)
{
    static const char *const columns[] = {"LIN[VN]", "QTY.2", NULL};
#define REPORT(number, qty)                                                                                  \
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261121*0300*U*00401*" number      \
    "*0*P*:~\n" GS "ST*846*0001~\nLIN**VN*a~\nQTY*17*" qty "~\nSE*4*0001~\nGE*1*7~\nIEA*1*" number "~\n"
    static const char text[] = REPORT("000000001", "4") REPORT("000000001", "4") REPORT("000000001", "4")
        REPORT("000000002", "6") REPORT("000000001", "4");
    reading_t reading;
    (void)state;

    open_text(&reading, "846", text, strlen(text), columns);
    for (unsigned pass = 0; pass < 2; pass++) {
        reading_expect(&reading, 5, "a 4");
        reading_expect_bad(&reading, 9, ATP_REJECT_INTERCHANGE_REPEATED);
        reading_expect_bad(&reading, 17, ATP_REJECT_INTERCHANGE_REPEATED);
        reading_expect(&reading, 29, "a 6");
        reading_expect_bad(&reading, 33, ATP_REJECT_INTERCHANGE_REPEATED);
        if (pass == 0) {
            reading_restart(&reading);
        }
    }
    reading_expect_end(&reading);
    /* It is read for all that: one that is damaged is told. */
    expect_fault(
        "846", REPORT("000000001", "4") REPORT("000000002", "5") REPORT("000000001", "5"),
        "test:24: the interchange has sender, number, date and time of one that is in the file before");
    expect_fault("846", REPORT("000000001", "4") ISA GS "ST*846*0001~SE*3*0001~" TAIL, "counts other than");
#undef REPORT
}

static void signs_are_those_of_the_interchange(void **state)
{
    static const char *const columns[] = {"LIN[VN]", "QTY.2", NULL};
    static const char lines[] =
        "ISA|00|          |00|          |ZZ|SENDER         |ZZ|RECEIVER       "
        "|261121|0300|U|00401|000000002|0|P|>\n"
        "GS|IB|S|R|20261121|0300|7|X|004010\nST|846|0001\nLIN||VN|a*b\nQTY|17|4\nSE|4|0001\n"
        "GE|1|7\nIEA|1|000000002\n" ISA GS "ST*846*0001~LIN**VN*c|d~QTY*17*5~SE*4*0001~" TAIL;
    reading_t reading;
    (void)state;

    open_text(&reading, "846", lines, strlen(lines), columns);
    reading_expect(&reading, 5, "a*b 4");
    reading_expect(&reading, 11, "c|d 5");
    reading_expect_end(&reading);
}

static void an_edifact_interchange_may_come_without_una_and_after_another_with_it(void **state)
{
    static const char *const columns[] = {"LIN.3.1", "QTY.1.2", "INV.4.1", NULL};
    static const char text[] =
        "UNA;*,! #UNB*UNOB;2*S*R*261121;0300*R0#UNH*7*INVRPT;D;96A;UN#LIN*1**x!#y!!z;EN#"
        "INV****1#QTY*145;3,5#UNT*5*7#UNZ*1*R0#\r\n" UNB UNH "LIN+1++p:EN'QTY+145:4'"
        "LIN+2++q:EN'QTY+17:5'QTY+145:6'UNT+7+1'UNZ+1+R1'";
    reading_t reading;
    (void)state;

    open_text(&reading, "INVRPT", text, strlen(text), columns);
    reading_expect(&reading, 1, "x#y!z 3,5 1");
    reading_expect(&reading, 2, "p 4 ");
    reading_expect(&reading, 2, "q 5 ");
    reading_expect(&reading, 2, "q 6 ");
    reading_expect_end(&reading);
}

static void what_is_no_interchange_is_told(void **state)
{
    (void)state;
    expect_fault("846", "hello", "is this X12?");
    expect_fault("846", UNB, "is this X12?");
    expect_fault("INVRPT", ISA, "is this EDIFACT?");
}

static void trailers_must_say_what_there_is(void **state)
{
    (void)state;
    expect_fault("846", ISA GS "ST*846*0001~LIN**VN*a~QTY*17*4~SE*5*0001~" TAIL,
                 "counts other than there is");
    expect_fault("846", ISA GS "ST*846*0001~SE*2*0002~" TAIL, "control number of the trailer");
    expect_fault("846", ISA GS "ST*846*0001~SE*2*0001~GE*2*7~IEA*1*000000001~", "counts other than there is");
    expect_fault("846", ISA GS "ST*846*0001~SE*2*0001~GE*1*8~IEA*1*000000001~",
                 "control number of the trailer");
    expect_fault("846", ISA GS "ST*846*0001~SE*2*0001~GE*1*7~IEA*1*000000002~",
                 "control number of the trailer");
    expect_fault("846", ISA GS "ST*846*0001~SE*2*0001~GE*1*7~", "its trailer is missing");
    expect_fault("846", ISA GS "ST*846*0001~LIN**VN*a~QTY*17*4", "ends within a segment");
    expect_fault("846", ISA "ST*846*0001~", "a header stands where it must not");
    static const char *const damaged[] = {"qTY", "Q", "QTYX", "1TY", "Q\x01Y", "Q Y"};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) { /* not a segment to be passed over */
        char text[512];
        snprintf(text, sizeof text, ISA GS "ST*846*0001~LIN**VN*a~%s*17*4~SE*4*0001~" TAIL, damaged[i]);
        expect_fault("846", text, "no segment's tag");
    }
    expect_fault("846", ISA GS "GE*0*7~SE*1*1~", "a trailer stands where it must not");
    expect_fault("846", ISA "LIN**VN*a~", "outside any message");
    expect_fault("846", ISA ISA, "a header stands where it must not");
    expect_fault("856", ISA GS "ST*856*0001~HL*2*1*O~", "names a parent that is not open");
    expect_fault("INVRPT", UNB "UNH++INVRPT'", "no control number");
    expect_fault("INVRPT", UNB UNH "UNT+2+1'UNZ+2+R1'", "counts other than there is");
    expect_fault("INVRPT", "UNA:+.? 'UNA:+.? '" UNB, "is this EDIFACT?");
    expect_fault("INVRPT", "UNA:+.?", "is this EDIFACT?");
    expect_fault("INVRPT", "UNB+UNOD:3+S+R+1:1+R1'", "character set");
}

static void a_message_without_end_is_bounded(void **state)
{
    enum { SEGMENTS = 3000 };
    char *text = malloc(SEGMENTS * 8 + 1024);
    size_t size = 0;
    (void)state;

    assert_non_null(text);
    size += (size_t)sprintf(text, "%s", ISA GS "ST*846*0001~");
    for (int i = 0; i < SEGMENTS; i++) {
        size += (size_t)sprintf(text + size, "REF*a~");
    }
    expect_fault("846", text, "more segments above a record");
    memset(text + strlen(ISA GS), 'x', 10000);
    text[strlen(ISA GS) + 10000] = '\0';
    expect_fault("846", text, "longer than 8 KiB");
    free(text);
}

static void columns_that_are_none_are_refused(void **state)
{
    static const char *const good[] = {"QTY.2",
                                       "QTY.1.2",
                                       "N1:WH.4",
                                       "LIN[UP]",
                                       "A1.1+B2.2|C3.3",
                                       "ST.99",
                                       "SDQ.store",
                                       "SDQ.quantity",
                                       "SDQ.place",
                                       "SDQ.unit",
                                       "A1.1+B1.1|C1.1|D1.1|E1.1|F1.1"};
    static const char *const bad[] = {"",
                                      "QTY",
                                      "QTY.",
                                      "QTY.0",
                                      "QTY.100",
                                      "qty.1",
                                      "Q.1",
                                      "QTYX.1",
                                      "LIN[]",
                                      "LIN[UP",
                                      "N1:.4",
                                      "N1:WH",
                                      "SDQ.1",
                                      "A1.1+",
                                      "A1.1||B2.1",
                                      "A1.1 ",
                                      "A1.1|B1.1|C1.1|D1.1|E1.1|F1.1|G1.1",
                                      "ZA.places",
                                      "ZA:QS.place",
                                      "QTY.1.2.3"};
    atp_edi_column_t column;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(atp_edi_column_parse(good[i], "SDQ", &column));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(atp_edi_column_parse(bad[i], "SDQ", &column));
    }
}

static void every_cut_of_an_interchange_is_told(void **state)
{
    static const char *const columns[] = {"LIN[VN]", "ZA.2", NULL};
    (void)state;

    for (size_t size = 1; size + 1 < strlen(store_sales);
         size++) { /* without the last line end it is whole */
        reading_t reading;
        open_text(&reading, "852", store_sales, size, columns);
        reading_expect_fault(&reading, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_of_store_and_quantity_is_a_record),
        cmocka_unit_test(an_item_sees_what_its_parents_say_and_not_its_siblings),
        cmocka_unit_test(a_message_of_another_type_is_one_bad_record),
        cmocka_unit_test(a_message_that_cancels_or_changes_another_is_one_bad_record),
        cmocka_unit_test(an_interchange_that_stands_there_again_gives_nothing_but_its_header),
        cmocka_unit_test(signs_are_those_of_the_interchange),
        cmocka_unit_test(an_edifact_interchange_may_come_without_una_and_after_another_with_it),
        cmocka_unit_test(what_is_no_interchange_is_told),
        cmocka_unit_test(trailers_must_say_what_there_is),
        cmocka_unit_test(a_message_without_end_is_bounded),
        cmocka_unit_test(columns_that_are_none_are_refused),
        cmocka_unit_test(every_cut_of_an_interchange_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

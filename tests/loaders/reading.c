#include "tests/loaders/reading.h"

#include "tests/loaders/support.h"

void reading_open(reading_t *reading, const atp_profile_format_t *format, const char *text, size_t size,
                  size_t step, const char *const *columns)
{
    atp_format_source_t source = {&reading->format, read_source, &reading->source, "test", NULL};
    uint32_t index;

    *reading = (reading_t){
        .source = {text, size, 0, step},
        .format = *format,
        .api = atp_format_of(format->kind),
    };
    assert_int_equal(reading->api->create(&source, &reading->reader), ATP_OK);
    assert_int_equal(reading->api->begin(reading->reader, NULL), ATP_OK);
    for (uint32_t i = 0; columns[i] != NULL; i++) {
        assert_int_equal(reading->api->column(reading->reader, columns[i], &index, &reading->why), ATP_OK);
        assert_int_equal(index, i);
    }
}

void reading_close(reading_t *reading)
{
    reading->api->destroy(reading->reader);
}

void reading_restart(reading_t *reading)
{
    reading->source.at = 0;
    reading->api->restart(reading->reader);
}

got_t reading_next(reading_t *reading, atp_record_t *ret_record)
{
    for (;;) {
        switch (reading->api->next(reading->reader, ret_record)) {
        case ATP_RECORD_READ:
            return GOT_RECORD;
        case ATP_RECORD_END:
            return GOT_END;
        case ATP_RECORD_FILL: {
            atp_err_t err = reading->api->fill(reading->reader, &reading->why);
            if (err != ATP_OK) {
                assert_int_equal(err, ATP_ERR_FORMAT);
                return GOT_FAULT;
            }
        }
        }
    }
}

void reading_expect(reading_t *reading, uint64_t line, const char *fields)
{
    atp_record_t record;
    char joined[512] = "";

    assert_int_equal(reading_next(reading, &record), GOT_RECORD);
    assert_int_equal(record.reason, ATP_REJECT_NONE);
    for (uint32_t i = 0; i < record.field_count; i++) {
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof joined - used, "%s%.*s", i > 0 ? " " : "", (int)record.fields[i].size,
                 record.fields[i].bytes);
    }
    assert_string_equal(joined, fields);
    assert_int_equal(record.line, line);
}

void reading_expect_bad(reading_t *reading, uint64_t line, atp_reason_of_reject_t reason)
{
    atp_record_t record;

    assert_int_equal(reading_next(reading, &record), GOT_RECORD);
    assert_int_equal(record.reason, reason);
    assert_int_equal(record.line, line);
}

void reading_expect_end(reading_t *reading)
{
    atp_record_t record;

    assert_int_equal(reading_next(reading, &record), GOT_END);
    reading_close(reading);
}

void reading_expect_fault(reading_t *reading, const char *sentence)
{
    atp_record_t record;
    got_t got;

    while ((got = reading_next(reading, &record)) == GOT_RECORD) {
    }
    assert_int_equal(got, GOT_FAULT);
    assert_text_in(reading->why.text, sentence);
    assert_int_equal(reading_next(reading, &record), GOT_FAULT);
    reading_close(reading);
}

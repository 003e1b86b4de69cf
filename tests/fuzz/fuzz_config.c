/* Any bytes as a configuration file: read or refused with a named place, never half taken; what is taken prints and
 * reads back as the same. */
#include "engine/base/assert.h"
#include "tests/fuzz/fuzz.h"
#include "tools/atpd/config/config.h"

#include <string.h>

static char printed[1 << 17];

static size_t print(const atp_config_t *config)
{
    FILE *out = fmemopen(printed, sizeof printed, "w");

    ATP_ASSERT(out != NULL);
    atp_config_print(out, config);
    long size = ftell(out);
    ATP_ASSERT(fclose(out) == 0 && size > 0 && (size_t)size < sizeof printed);
    return (size_t)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    atp_config_t config;
    atp_config_t before;
    atp_why_t why = {""};

    atp_config_init(&config);
    before = config;
    if (atp_config_read_text(&config, "f", (const char *)bytes, size, &why) != ATP_OK) {
        ATP_ASSERT(strncmp(why.text, "f:", 2) == 0);
        ATP_ASSERT(memcmp(&config, &before, sizeof config) == 0);
        return 0;
    }
    ATP_ASSERT(atp_config_check(&config, "f", &why) == ATP_OK || strncmp(why.text, "f:", 2) == 0);
    size_t printed_size = print(&config);
    atp_config_init(&before);
    ATP_ASSERT(atp_config_read_text(&before, "print", printed, printed_size, &why) == ATP_OK);
    ATP_ASSERT(memcmp(&config, &before, sizeof config) == 0);
    return 0;
}

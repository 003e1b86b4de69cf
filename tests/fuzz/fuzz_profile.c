/* Any bytes as a mapping profile: taken, or refused with a sentence that begins with the place. */
#include "engine/base/assert.h"
#include "loaders/mapping/profile_priv.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    atp_profile_t *profile = NULL;
    atp_why_t why = {""};
    atp_err_t err =
        atp_profile_parse((atp_text_t){(const char *)bytes, (uint32_t)size}, "p.yaml", &profile, &why);

    if (err != ATP_OK) {
        ATP_ASSERT(err == ATP_ERR_INVALID && strncmp(why.text, "p.yaml", 6) == 0);
        return 0;
    }
    ATP_ASSERT(strlen(atp_profile_name(profile)) >= 1);
    ATP_ASSERT(atp_loads_name(atp_profile_loads(profile)) != NULL);
    ATP_ASSERT(atp_profile_max_bad_share(profile) >= 0.0 && atp_profile_max_bad_share(profile) <= 1.0);
    atp_profile_destroy(profile);
    return 0;
}

#include "loaders/generate/zipf.h"

#include "loaders/generate/exact_math.h"

#include <stdlib.h>

#define EXPONENT_MAX 8.0

/* A column of the alias table: an equal share of all draws, parted between the rank itself and one other. */
typedef struct column {
    uint32_t threshold; /* of 2^32: below it the rank itself */
    uint32_t alias;
} column_t;

struct atp_zipf {
    uint32_t count;
    column_t *columns;
};

double atp_zipf_weight(uint32_t k, double exponent)
{
    ATP_ASSERT(k >= 1 && exponent >= 0.0 && exponent <= EXPONENT_MAX);
    return atp_exact_exp(-exponent * atp_exact_log((double)k));
}

/* Shares scaled so that 1 is an equal share: they sum to `count`. */
static void compute_shares(uint32_t count, double exponent, double *ret_shares)
{
    double sum = 0.0;

    for (uint32_t i = count; i > 0; i--) { /* smallest first: the sum loses least */
        ret_shares[i - 1] = atp_zipf_weight(i, exponent);
        sum += ret_shares[i - 1];
    }
    for (uint32_t i = 0; i < count; i++) {
        ret_shares[i] = ret_shares[i] / sum * (double)count;
    }
}

static uint32_t threshold_of(double share)
{
    return share < 1.0 ? (uint32_t)(share * 0x1.0p32) : UINT32_MAX;
}

/* Vose's form of the alias method. Shares fall with the rank, so no work lists are needed: the smallest is filled
 * up from the largest; a largest that has given so much that it is small itself is filled up from the next. */
static void fill_columns(atp_zipf_t *zipf, double *shares)
{
    uint32_t large = 0;

    for (uint32_t i = 0; i < zipf->count; i++) {
        zipf->columns[i] = (column_t){UINT32_MAX, i};
    }
    for (uint32_t small = zipf->count - 1; small > large && shares[small] < 1.0; small--) {
        zipf->columns[small] = (column_t){threshold_of(shares[small]), large};
        shares[large] -= 1.0 - shares[small];
        while (shares[large] < 1.0 && large + 1 < small) {
            zipf->columns[large] = (column_t){threshold_of(shares[large]), large + 1};
            shares[large + 1] -= 1.0 - shares[large];
            large++;
        }
    }
}

atp_err_t atp_zipf_create(uint32_t count, double exponent, atp_zipf_t **ret_zipf)
{
    if (count == 0 || count > ATP_ZIPF_COUNT_MAX || !(exponent >= 0.0 && exponent <= EXPONENT_MAX)) {
        return ATP_ERR_INVALID;
    }
    atp_zipf_t *zipf = calloc(1, sizeof *zipf);
    double *shares = malloc(count * sizeof *shares);
    if (zipf != NULL) {
        zipf->count = count;
        zipf->columns = malloc(count * sizeof *zipf->columns);
    }
    if (zipf == NULL || shares == NULL || zipf->columns == NULL) {
        free(shares);
        atp_zipf_destroy(zipf);
        return ATP_ERR_MEMORY;
    }
    compute_shares(count, exponent, shares);
    fill_columns(zipf, shares);
    free(shares);
    *ret_zipf = zipf;
    return ATP_OK;
}

void atp_zipf_destroy(atp_zipf_t *zipf)
{
    if (zipf != NULL) {
        free(zipf->columns);
        free(zipf);
    }
}

uint32_t atp_zipf_rank(const atp_zipf_t *zipf, uint64_t random_bits)
{
    uint32_t at = (uint32_t)(((random_bits >> 32) * zipf->count) >> 32);
    const column_t *column = &zipf->columns[at];

    return (uint32_t)random_bits < column->threshold ? at : column->alias;
}

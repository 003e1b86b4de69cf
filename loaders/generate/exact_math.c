#include "loaders/generate/exact_math.h"

#include "engine/base/assert.h"

#include <math.h>

#define LN_2_HIGH 0x1.62e42fefa0000p-1 /* ln 2 in two parts: the first has 13 zero bits, so k * it is exact */
#define LN_2_LOW  0x1.cf79abc9e3b3ap-40
#define SQRT_HALF 0x1.6a09e667f3bcdp-1

/* ln x = k ln 2 + 2 (z + z^3/3 + z^5/5 + ...), z = (m - 1) / (m + 1), x = m 2^k, |z| < 0.172 */
double atp_exact_log(double x)
{
    int k;
    double m = frexp(x, &k);
    double sum = 0.0;

    ATP_ASSERT(x > 0.0);
    if (m < SQRT_HALF) {
        m *= 2.0;
        k--;
    }
    double z = (m - 1.0) / (m + 1.0);
    double square = z * z;
    for (int odd = 23; odd >= 3; odd -= 2) {
        sum = (sum + 1.0 / odd) * square;
    }
    double fraction = 2.0 * z + 2.0 * z * sum;
    return k * LN_2_HIGH + (fraction + k * LN_2_LOW);
}

/* e^x = 2^k e^r, r = x - k ln 2, |r| < 0.347, e^r by its series */
double atp_exact_exp(double x)
{
    double k = floor(x / (LN_2_HIGH + LN_2_LOW) + 0.5);
    double r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    double sum = 1.0;

    ATP_ASSERT(x >= -700.0 && x <= 700.0);
    for (int i = 17; i >= 1; i--) {
        sum = 1.0 + sum * r / i;
    }
    return ldexp(sum, (int)k);
}

/* The L2 norm of each of some tensors, summed in double: exact from 1e-30 to 1e30, and a number
 * that is none stays with its tensor. Sixteen sums side by side are what vectors hold.
 */
#include <math.h>
#include <stdint.h>

#define SUMS 16

#define NORMS(name, real)                                                                         \
    void name(int64_t tensors, const real *const *starts, const int64_t *counts, double *norms)   \
    {                                                                                             \
        for (int64_t t = 0; t < tensors; t++) {                                                   \
            const real *numbers = starts[t];                                                      \
            double sums[SUMS] = {0}, total = 0;                                                   \
            int64_t whole = counts[t] / SUMS * SUMS, n = 0;                                       \
            for (; n < whole; n += SUMS)                                                          \
                for (int64_t lane = 0; lane < SUMS; lane++)                                       \
                    sums[lane] += (double)numbers[n + lane] * (double)numbers[n + lane];          \
            for (; n < counts[t]; n++)                                                            \
                total += (double)numbers[n] * (double)numbers[n];                                 \
            for (int64_t lane = 0; lane < SUMS; lane++)                                           \
                total += sums[lane];                                                              \
            norms[t] = sqrt(total);                                                               \
        }                                                                                         \
    }

NORMS(norms_float, float)
NORMS(norms_double, double)

/* Whether this processor runs what was compiled. */
int trial_norms(void)
{
    const float three = 3, *start = &three;
    const int64_t count = 1;
    double norm = 0;
    norms_float(1, &start, &count, &norm);
    return norm == 3;
}

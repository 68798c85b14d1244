/* The L2 norm of each of some tensors: exact from 1e-30 to 1e30, and a number that is none stays
 * with its tensor. Squares of float are summed a piece at a time in float, side by side as vectors
 * hold them, which is as fast as memory is read; a piece whose sum may have left float's range is
 * summed again in double, as all of double is.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define SUMS 64
#define PIECE 4096
#define LEAST 1e-24f
#define MOST 1e36f

/* What a recording has where there is no number: see engine/recording/unsaid.py. */
static const union { uint64_t bits; double number; } UNSAID = {0x7ffca18940000000};

/* The sum of the squares of some numbers, with sums of one type. */
#define SQUARES(name, real, wide)                                                                 \
    static wide name(const real *numbers, int64_t count)                                          \
    {                                                                                             \
        wide sums[SUMS] = {0}, rest = 0;                                                          \
        int64_t whole = count / SUMS * SUMS;                                                      \
        for (int64_t n = 0; n < whole; n += SUMS)                                                 \
            for (int64_t lane = 0; lane < SUMS; lane++)                                           \
                sums[lane] += (wide)numbers[n + lane] * (wide)numbers[n + lane];                  \
        for (int64_t n = whole; n < count; n++)                                                   \
            rest += (wide)numbers[n] * (wide)numbers[n];                                          \
        for (int64_t width = SUMS / 2; width; width /= 2)                                         \
            for (int64_t lane = 0; lane < width; lane++)                                          \
                sums[lane] += sums[lane + width];                                                 \
        return sums[0] + rest;                                                                    \
    }

SQUARES(plain_squares, float, float)
SQUARES(wide_squares, float, double)
SQUARES(double_squares, double, double)

static double float_squares(const float *numbers, int64_t count)
{
    float plain = plain_squares(numbers, count);
    /* No comparison with what is no number holds. */
    return plain > LEAST && plain < MOST ? plain : wide_squares(numbers, count);
}

#define NORMS(name, real, squares)                                                                \
    void name(int64_t tensors, const real *const *starts, const int64_t *counts, double *norms)   \
    {                                                                                             \
        for (int64_t t = 0; t < tensors; t++) {                                                   \
            /* Of what is not there, there is no norm. */                                         \
            double total = starts[t] || !counts[t] ? 0 : UNSAID.number;                           \
            for (int64_t n = 0; n < counts[t] && starts[t]; n += PIECE)                           \
                total += squares(starts[t] + n, counts[t] - n < PIECE ? counts[t] - n : PIECE);   \
            norms[t] = sqrt(total);                                                               \
        }                                                                                         \
    }

NORMS(norms_float, float, float_squares)
NORMS(norms_double, double, double_squares)

/* Parameters as Python has them, and PyTorch's own functions that find their gradients: to ask for
 * these in Python, five questions each, takes as long as to read a million numbers.
 */
struct parameters {
    int64_t count;
    /* Where each object lies, and how far within it what it is the object of. */
    const char *const *objects;
    int64_t within;
    const int64_t *sizes;
    /* Where the gradients of this step begin. */
    void **starts;
    int32_t layout, type, device;
    const void *(*gradient)(const void *);
    int32_t (*is_defined)(const void *, bool *);
    int32_t (*layout_of)(const void *, int32_t *);
    int32_t (*type_of)(const void *, int32_t *);
    int32_t (*device_of)(const void *, int32_t *);
    int32_t (*size_of)(const void *, int64_t *);
    int32_t (*is_contiguous)(const void *, bool *);
    int32_t (*start_of)(const void *, void **);
};

/* Whether a tensor has so many numbers and lies as they usually do; where it begins, then. */
static int is_usual(const struct parameters *all, const void *tensor, int64_t count, void **start)
{
    bool is_whole = false;
    int32_t layout, type, device;
    int64_t size;
    return !all->layout_of(tensor, &layout) && layout == all->layout
        && !all->type_of(tensor, &type) && type == all->type
        && !all->device_of(tensor, &device) && device == all->device
        && !all->size_of(tensor, &size) && size == count
        && !all->is_contiguous(tensor, &is_whole) && is_whole
        && !all->start_of(tensor, start) && (!size || *start);
}

/* Find where the gradients begin, those that are there; 0 where one is not as they usually are. */
static int found(const struct parameters *all)
{
    for (int64_t p = 0; p < all->count; p++) {
        const void *gradient = all->gradient(*(const void *const *)(all->objects[p] + all->within));
        bool is_there = false;
        all->starts[p] = 0;
        if (all->is_defined(gradient, &is_there))
            return 0;
        if (is_there && !is_usual(all, gradient, all->sizes[p], &all->starts[p]))
            return 0;
    }
    return 1;
}

/* Write the norms of the gradients that parameters have now; 0, and none, where one is unusual. */
#define GRADIENTS(name, real, norms_of)                                                           \
    int name(const struct parameters *all, double *norms)                                         \
    {                                                                                             \
        if (!found(all))                                                                          \
            return 0;                                                                             \
        norms_of(all->count, (const real *const *)all->starts, all->sizes, norms);                \
        return 1;                                                                                 \
    }

GRADIENTS(gradients_float, float, norms_float)
GRADIENTS(gradients_double, double, norms_double)

/* Python's own functions for numbers, of which Python tells: none of its headers is needed here. */
void *(*address_of)(void *number);
void *(*number_of)(long value);
void *(*real_of)(double value);

/* The same as functions that Python calls as its own: its numbers are where things lie. */
#define CALLED(name)                                                                              \
    void *called_##name(void *all, void *norms)                                                   \
    {                                                                                             \
        return number_of(name(address_of(all), address_of(norms)));                               \
    }

CALLED(gradients_float)
CALLED(gradients_double)

/* The number of an object's tensor that has one of float; a whole 0 where it is not such a tensor. */
void *called_number(void *all, void *object)
{
    const struct parameters *told = address_of(all);
    void *start = 0;
    int is_one = is_usual(told, (const char *)object + told->within, 1, &start);
    return is_one ? real_of(*(const float *)start) : number_of(0);
}

/* Whether this processor runs what was compiled. */
int trial_norms(void)
{
    const float three = 3, *start = &three;
    const int64_t count = 1;
    double norm = 0;
    norms_float(1, &start, &count, &norm);
    return norm == 3;
}

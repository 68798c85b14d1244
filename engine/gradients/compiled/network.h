/* What a call is told: the network, where its numbers lie, what its steps see and leave.
 *
 * All numbers are of the network's own type but where a type stands here; every offset and stride
 * is in numbers, those of targets in bytes. engine/gradients/compiled/task.py says the same.
 */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Vectors of the CPU, and the part of a product that its registers hold: a tile is so many vectors
 * wide at most, and about so many where a product is wider than one. */
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif
#if defined(__AVX512F__)
#define WIDTH 64
#define TILE_WIDTH 7
#define EVEN_WIDTH 5
#elif defined(__AVX2__)
#define WIDTH 32
#define TILE_WIDTH 3
#define EVEN_WIDTH 2
#elif defined(__x86_64__)
#define WIDTH 16
#define TILE_WIDTH 3
#define EVEN_WIDTH 2
#else
#define WIDTH 16
#define TILE_WIDTH 3
#define EVEN_WIDTH 3
#endif
/* How much of a product's depth is taken at a time: B's part of it stays in a CPU's cache. */
#define DEEP 256
/* Bytes that a core has near it, at least. */
#define CACHED (1 << 19)
#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() ((void)0)
#endif

enum { IDENTITY = -1, SOFTMAX = -2, LOG_SOFTMAX = -3 };
enum { BATCH = 1, LAYER = 2 };
enum { MSE, RMSE, L1, HUBER, BINARY_CROSS_ENTROPY, BINARY_CROSS_ENTROPY_WITH_LOGITS, CROSS_ENTROPY,
    NEGATIVE_LOG_LIKELIHOOD, RULED };

/* A parameter of all members: the numbers of one lie together, [members][count]. */
typedef struct { int64_t offset, count; } parameter;

typedef struct {
    int64_t inputs, outputs, activation, normalisation;
    parameter weight, bias, norm_weight, norm_bias, running_mean, running_var;
    const void *masks; /* of dropout, [steps][members][units][rows]; none where it is 0. */
    int64_t mask_step, mask_member, mask_unit;
} layer;

typedef struct {
    int64_t members, layers, outputs, parameters, kept, size;
    const layer *layer;
    const parameter *parameter; /* what is learned, and behind it what is only kept. */
    void *weights;              /* [size] */
    int64_t update, states, setting_count;
    const double *settings; /* of the optimizer, [members][setting_count] */
    void *state[MOST_STATES]; /* [size] each */
    int64_t loss, mean, classes, has_accuracy;
    double delta, threshold, momentum, epsilon;
    const double *class_weights; /* [members][classes]; none where all rows count the same. */
    const double *clip_norm, *clip_value; /* [members], below 0 where there is none. */
    const double *l1; /* [members] */
    void *used; /* what the update uses, [size], where that is not what was computed. */
    int64_t piles; /* whether gradients are added to those before. */
    /* What steps see. */
    int64_t rows, dev_rows, stride;
    const void *inputs, *targets, *dev_inputs, *dev_targets;
    int64_t input_member, input_step, dev_input_member;
    int64_t target_member, target_step, dev_target_member;
    /* The steps: first … first + steps - 1, into the rows from `row` on. */
    int64_t first, steps, row, taken;
    const double *rates; /* [rows][members] */
    /* What they leave, a row each. */
    void *gradients, *after, *losses, *accuracies, *dev_losses, *dev_accuracies;
    double *norms; /* [rows][members][1 + parameters], the whole gradient's first. */
} task;

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Products of a layer: its outputs, its gradients, the derivatives of its inputs.
 *
 * Features come first, [features][rows], as everywhere in a step. Each number is one sum over one
 * index, from its beginning to its end, whatever tile it is in: no bit of it depends on how a
 * product is cut, or on who computes which part.
 */

/* C = start + A B for some rows of A and some vectors of B's rows, all of C in registers.
 *
 * A(r, k) lies at a[r * across + k * along], so that a transposed matrix is another stride. Every
 * loop over C is unrolled by name: what is left as a loop is an array in memory, not registers. */
#define TILE(name, rows, wide, start)                                                        \
    static void NAME(name##_##rows##x##wide)(int64_t depth, const REAL *a, int64_t across,   \
            int64_t along, const REAL *bias, const vector *b, int64_t b_row, REAL *c,        \
            int64_t c_row) {                                                                 \
        vector sums[rows][wide];                                                             \
        _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                               \
            _Pragma("GCC unroll 8") for (int n = 0; n < wide; n++) sums[r][n] = start;       \
        _Pragma("GCC unroll 1") for (int64_t k = 0; k < depth; k++) {                        \
            REAL factors[rows];                                                              \
            _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                           \
                factors[r] = a[r * across + k * along];                                      \
            _Pragma("GCC unroll 8") for (int n = 0; n < wide; n++) {                         \
                vector x = b[k * b_row + n];                                                 \
                _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                       \
                    sums[r][n] = NAME(fused)(NAME(all)(factors[r]), x, sums[r][n]);          \
            }                                                                                \
        }                                                                                    \
        _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                               \
            _Pragma("GCC unroll 8") for (int n = 0; n < wide; n++)                           \
                NAME(store)(c + r * c_row + n * LANES, sums[r][n]);                          \
    }
typedef void NAME(product_tile)(int64_t, const REAL *, int64_t, int64_t, const REAL *,
        const vector *, int64_t, REAL *, int64_t);
#define PRODUCT(rows, wide) TILE(product, rows, wide, NAME(all)(bias ? bias[r] : 0))
/* What is in C already goes on. It is a function of its own: a start that is either takes the
 * compiler's care from the loop. */
#define GOES_ON(rows, wide) TILE(goes_on, rows, wide, NAME(load)(c + r * c_row + n * LANES))
#define PRODUCTS(rows) PRODUCT(rows, 1) PRODUCT(rows, 2) PRODUCT(rows, 3)
#define TILES3(rows) NAME(product_##rows##x1), NAME(product_##rows##x2), NAME(product_##rows##x3)
PRODUCTS(1) PRODUCTS(2) PRODUCTS(3) PRODUCTS(4)

/* The tallest tile of each width: as many sums as registers hold, or each would wait for the one
 * before. What a column of tiles has left over is taken by tiles of up to four rows, and where it
 * goes on, by one row at a time. */
typedef struct { int64_t rows; NAME(product_tile) *first, *more, *row; } NAME(column_tiles);
#define COLUMN(rows, wide) {rows, NAME(product_##rows##x##wide), NAME(goes_on_##rows##x##wide),  \
        NAME(goes_on_1x##wide)}
GOES_ON(1, 1) GOES_ON(1, 2)
#if WIDTH == 64
#define WIDE_PRODUCTS(rows) PRODUCT(rows, 4) PRODUCT(rows, 5) PRODUCT(rows, 6) PRODUCT(rows, 7)
#define TILES(rows) {TILES3(rows), NAME(product_##rows##x4), NAME(product_##rows##x5),       \
        NAME(product_##rows##x6), NAME(product_##rows##x7)}
WIDE_PRODUCTS(1) WIDE_PRODUCTS(2) WIDE_PRODUCTS(3) WIDE_PRODUCTS(4)
PRODUCTS(8) PRODUCT(6, 4) PRODUCT(5, 5)
GOES_ON(1, 3) GOES_ON(1, 4) GOES_ON(1, 5)
GOES_ON(8, 1) GOES_ON(8, 2) GOES_ON(8, 3) GOES_ON(6, 4) GOES_ON(5, 5)
static const NAME(column_tiles) NAME(columns)[TILE_WIDTH] = {COLUMN(8, 1), COLUMN(8, 2),
        COLUMN(8, 3), COLUMN(6, 4), COLUMN(5, 5), {4, NAME(product_4x6)}, {4, NAME(product_4x7)}};
/* The last two go on from nothing: more than EVEN_WIDTH is taken where the depth is at most DEEP. */
#else
#define TILES(rows) {TILES3(rows)}
#if defined(__x86_64__)
PRODUCT(8, 1) PRODUCT(5, 2) GOES_ON(8, 1) GOES_ON(5, 2)
static const NAME(column_tiles) NAME(columns)[TILE_WIDTH] = {COLUMN(8, 1), COLUMN(5, 2),
        {4, NAME(product_4x3)}};
#else
GOES_ON(1, 3) GOES_ON(4, 1) GOES_ON(4, 2) GOES_ON(4, 3)
static const NAME(column_tiles) NAME(columns)[TILE_WIDTH] = {COLUMN(4, 1), COLUMN(4, 2), COLUMN(4, 3)};
#endif
#endif
static NAME(product_tile) *const NAME(product_tiles)[4][TILE_WIDTH] = {
        TILES(1), TILES(2), TILES(3), TILES(4)};

/* C = bias + A B, a part of the depth at a time: what tiles read of B then stays in the cache. What
 * is too wide for one column of tiles is shared out evenly among several. */
static void NAME(product)(int64_t rows, int64_t depth, int64_t wide, const REAL *a, int64_t across,
        int64_t along, const REAL *bias, const vector *b, REAL *c) {
    int64_t columns = 1, most_wide = depth > DEEP ? EVEN_WIDTH : TILE_WIDTH;
    if (wide > most_wide) columns = (wide + EVEN_WIDTH - 1) / EVEN_WIDTH;
    for (int64_t k = 0; k < depth; k += DEEP) {
        int64_t deep = least(depth - k, DEEP), n = 0;
        for (int64_t column = 0; column < columns; column++) {
            int64_t some = wide / columns + (column < wide % columns), taken;
            const NAME(column_tiles) *tiles = &NAME(columns)[some - 1];
            for (int64_t r = 0; r < rows; r += taken) {
                NAME(product_tile) *take = k ? tiles->more : tiles->first;
                taken = tiles->rows;
                if (r + taken > rows) {
                    taken = k ? 1 : least(rows - r, 4);
                    take = k ? tiles->row : NAME(product_tiles)[taken - 1][some - 1];
                }
                take(deep, a + r * across + k * along, across, along, bias ? bias + r : 0,
                        b + k * wide + n, wide, c + (r * wide + n) * LANES, wide * LANES);
            }
            n += some;
        }
    }
}

/* G(r, k) = the sum over all rows of data of D(r) X(k): a weight's gradient. */
#define OUTER(rows, columns)                                                                 \
    static void NAME(outer_##rows##x##columns)(int64_t wide, const vector *d, const vector *x,\
            REAL *g, int64_t g_row) {                                                        \
        vector sums[rows][columns];                                                          \
        _Pragma("GCC unroll 16") for (int r = 0; r < rows; r++)                              \
            _Pragma("GCC unroll 16") for (int c = 0; c < columns; c++)                       \
                sums[r][c] = NAME(all)(0);                                                   \
        _Pragma("GCC unroll 1") for (int64_t n = 0; n < wide; n++) {                         \
            vector each[rows];                                                               \
            _Pragma("GCC unroll 16") for (int r = 0; r < rows; r++) each[r] = d[r * wide + n];\
            _Pragma("GCC unroll 16") for (int c = 0; c < columns; c++) {                     \
                vector other = x[c * wide + n];                                              \
                _Pragma("GCC unroll 16") for (int r = 0; r < rows; r++)                      \
                    sums[r][c] = NAME(fused)(each[r], other, sums[r][c]);                    \
            }                                                                                \
        }                                                                                    \
        if (rows * columns == 16) {                                                          \
            REAL all[16];                                                                    \
            NAME(sixteen_sums)(sums[0], all);                                                \
            for (int r = 0; r < rows; r++)                                                   \
                for (int c = 0; c < columns; c++) g[r * g_row + c] = all[r * columns + c];   \
            return;                                                                          \
        }                                                                                    \
        for (int r = 0; r < rows; r++)                                                       \
            for (int c = 0; c < columns; c++) g[r * g_row + c] = NAME(sum)(sums[r][c]);      \
    }
typedef void NAME(outer_tile)(int64_t, const vector *, const vector *, REAL *, int64_t);
#define OUTERS(rows) OUTER(rows, 1) OUTER(rows, 2) OUTER(rows, 3) OUTER(rows, 4)
OUTERS(1) OUTERS(2) OUTERS(3) OUTERS(4)
#define OUTER_TILES(rows) {NAME(outer_##rows##x1), NAME(outer_##rows##x2),                   \
        NAME(outer_##rows##x3), NAME(outer_##rows##x4)}
static NAME(outer_tile) *const NAME(outer_tiles)[4][4] = {
        OUTER_TILES(1), OUTER_TILES(2), OUTER_TILES(3), OUTER_TILES(4)};
OUTER(1, 16) OUTER(16, 1)

static void NAME(weight_gradient)(int64_t outputs, int64_t inputs, int64_t wide, const vector *d,
        const vector *x, REAL *g) {
    int64_t first_row = 0, first_column = 0;
    /* One output, or one input: as many sums at a time as anywhere. */
    if (outputs == 1)
        for (; first_column + 16 <= inputs; first_column += 16)
            NAME(outer_1x16)(wide, d, x + first_column * wide, g + first_column, inputs);
    if (inputs == 1)
        for (; first_row + 16 <= outputs; first_row += 16)
            NAME(outer_16x1)(wide, d + first_row * wide, x, g + first_row, inputs);
    for (int64_t r = first_row; r < outputs; r += 4)
        for (int64_t c = first_column; c < inputs; c += 4)
            NAME(outer_tiles)[least(outputs - r, 4) - 1][least(inputs - c, 4) - 1](wide,
                    d + r * wide, x + c * wide, g + r * inputs + c, inputs);
}

/* The same as a product, D times X turned over, of which no sum is over the numbers of a vector:
 * where there are not many more rows of data than outputs, or X is more than a cache holds, which
 * every four outputs would fetch anew. */
static int NAME(is_product)(int64_t outputs, int64_t inputs, int64_t wide) {
    int is_large = outputs >= 32 && inputs * wide * WIDTH > CACHED;
    return inputs >= LANES && (outputs > 2 * wide || is_large);
}
/* Some of X's columns of vectors, turned over: [inputs][rows] -> [rows][inputs]. What fills up the
 * last repeats the last input, and its sums are left out. */
static void NAME(turn_over)(part columns, int64_t inputs, int64_t wide, const vector *x, vector *turned) {
    int64_t across = (inputs + LANES - 1) / LANES;
    for (int64_t c = columns.begin; c < columns.end; c++)
        for (int64_t n = 0; n < wide; n++) {
            vector square[LANES];
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
                square[i] = x[least(c * LANES + i, inputs - 1) * wide + n];
            NAME(transpose)(square);
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
                turned[(n * LANES + i) * across + c] = square[i];
        }
}
static void NAME(weight_gradient_by_product)(int64_t outputs, int64_t inputs, int64_t rows,
        int64_t wide, const vector *d, const vector *turned, vector *sums, REAL *g) {
    int64_t across = (inputs + LANES - 1) / LANES;
    int64_t whole = inputs / LANES, rest = inputs % LANES;
    NAME(product)(outputs, rows, across, (const REAL *)d, wide * LANES, 1, 0, turned,
            rest ? (REAL *)sums : g);
    for (int64_t r = 0; rest && r < outputs; r++) {
        const vector *from = sums + r * across;
        for (int64_t c = 0; c < whole; c++) NAME(store)(g + r * inputs + c * LANES, from[c]);
        NAME(store_some)(g + r * inputs + whole * LANES, from[whole], rest);
    }
}

static vector NAME(total_of)(int64_t wide, const vector *d) {
    vector total = d[0];
    for (int64_t n = 1; n < wide; n++) total += d[n];
    return total;
}
/* The sums over all rows of so many units: a bias's gradient. */
static void NAME(sums_of)(int64_t units, int64_t wide, const vector *d, REAL *sums) {
    int64_t u = 0;
    for (; u + 16 <= units; u += 16) {
        vector totals[16];
        for (int i = 0; i < 16; i++) totals[i] = NAME(total_of)(wide, d + (u + i) * wide);
        NAME(sixteen_sums)(totals, sums + u);
    }
    for (; u < units; u++) sums[u] = NAME(sum)(NAME(total_of)(wide, d + u * wide));
}

/* One step of gradient descent of `cubic` alone (1-32-32-1, ReLU, sigmoid, 100 rows), fused by hand:
 * its sizes are known, its bias, its activation and the next layer's product are one pass. What the
 * library for any shape could win by being written for each is the difference to this.
 *
 * Exact where the engine is: a NaN passes, norms hold from 1e-30 to 1e30. */

enum { UNITS = 32, ROWS = 100, WIDE = (ROWS + LANES - 1) / LANES };

typedef struct {
    float w1[UNITS], b1[UNITS], w2[UNITS][UNITS], b2[UNITS], w3[UNITS], b3, filling[15];
} __attribute__((aligned(64))) weights;

static vector h1[UNITS][WIDE], h2[UNITS][WIDE], d2[UNITS][WIDE], turned[WIDE * UNITS];

static float length(int count, const float *g) { return (float)norm_float(count, g); }

/* x, y and whether a number is a row, [WIDE] vectors each; record is the loss and six norms. */
static void fused_step(weights *p, const vector *x, const vector *y, const vector *is_row, float lr, float *record) {
    weights g;
    memset(&g, 0, sizeof g);
    vector zero = all_float(0), out[WIDE], d[WIDE], loss = zero, bias = zero;
    for (int i = 0; i < UNITS; i++)
        for (int n = 0; n < WIDE; n++) {
            vector z = p->w1[i] * x[n] + p->b1[i];
            h1[i][n] = where_float(z <= 0, zero, z);
        }
    for (int n = 0; n < WIDE; n++) out[n] = all_float(p->b3);
    for (int from = 0; from < WIDE; from += TILE_WIDTH) {
        int wide = (int)least(WIDE - from, TILE_WIDTH);
        for (int i = 0; i < UNITS; i += 4) {
            vector z[4][TILE_WIDTH];
            product_tiles_float[3][wide - 1](UNITS, p->w2[i], UNITS, 1, p->b2 + i, h1[0] + from, WIDE,
                    (float *)z[0], TILE_WIDTH * LANES);
            for (int u = 0; u < 4; u++)
                for (int n = 0; n < wide; n++) {
                    vector s = sigmoid_float(z[u][n]);
                    h2[i + u][from + n] = s;
                    out[from + n] += p->w3[i + u] * s;
                }
        }
    }
    for (int n = 0; n < WIDE; n++) {
        vector error = where_float(is_row[n] != 0, out[n] - y[n], zero);
        loss += error * error;
        d[n] = error * (2.0f / ROWS);
        bias += d[n];
    }
    g.b3 = sum_float(bias);
    for (int i = 0; i < UNITS; i++) {
        vector w3 = zero, b2 = zero;
        for (int n = 0; n < WIDE; n++) {
            vector dh = d[n] * h2[i][n], dz = p->w3[i] * dh * (1 - h2[i][n]);
            w3 += dh;
            d2[i][n] = dz;
            b2 += dz;
        }
        g.w3[i] = sum_float(w3);
        g.b2[i] = sum_float(b2);
    }
    turn_over_float((part){0, (UNITS + LANES - 1) / LANES}, UNITS, WIDE, h1[0], turned);
    weight_gradient_by_product_float(UNITS, UNITS, ROWS, WIDE, d2[0], turned, 0, g.w2[0]);
    for (int j = 0; j < UNITS; j += 4) {
        vector dh[4][WIDE];
        for (int from = 0; from < WIDE; from += TILE_WIDTH)
            product_tiles_float[3][least(WIDE - from, TILE_WIDTH) - 1](UNITS, &p->w2[0][j], 1, UNITS, 0,
                    d2[0] + from, WIDE, (float *)(dh[0] + from), WIDE * LANES);
        for (int u = 0; u < 4; u++) {
            vector w1 = zero, b1 = zero;
            for (int n = 0; n < WIDE; n++) {
                vector dz = where_float(h1[j + u][n] <= 0, zero, dh[u][n]);
                w1 += dz * x[n];
                b1 += dz;
            }
            g.w1[j + u] = sum_float(w1);
            g.b1[j + u] = sum_float(b1);
        }
    }
    float norms[6] = {length(UNITS, g.w1), length(UNITS, g.b1), length(UNITS * UNITS, g.w2[0]),
            length(UNITS, g.b2), length(UNITS, g.w3), length(1, &g.b3)};
    record[0] = sum_float(loss) / ROWS;
    memcpy(record + 1, norms, sizeof norms);
    float *w = (float *)p, *dw = (float *)&g;
    for (size_t i = 0; i < sizeof(weights) / sizeof(float); i++) w[i] -= lr * dw[i];
}

void sketch_steps(int steps, weights *p, const vector *x, const vector *y, const vector *is_row, float lr,
        float *record) {
    for (int step = 0; step < steps; step++) fused_step(p, x, y, is_row, lr, record);
}

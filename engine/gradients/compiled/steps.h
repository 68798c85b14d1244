/* Steps of a network: forward, loss, backward, norms, clipping, update, the dev set.
 *
 * Everything is features first, [features][rows]: rows lie beside one another and fill whole
 * vectors. What is left of the last vector repeats the last row, so that nothing in it is odder
 * than the data, and counts for nothing: the loss's derivative there is 0. Where 0 times an infinite
 * weight, or an infinite unit, may have made NaN of it, gradients are computed anew without it.
 *
 * A member is taken through all steps of a call before the next one, with everything of it in the
 * cache; by one thread, or by a team where it is large, each with its part of a layer's units. No
 * bit of it depends on its neighbours, on who computes what, or on how many steps a call has.
 */

/* ------------------------------------------------------------------ a member */

/* What a member's steps are computed in: a layer's z, what its activation makes of it, and d. */
typedef struct {
    vector *z, *h, *d, *normal, *scale, *kept, *dropped;
    const vector *input;
} NAME(layer_room);

typedef struct {
    const task *task;
    team *team; /* who takes it, none for one alone, */
    int64_t rank; /* and which of them this is. */
    int64_t member, rows, wide;
    mask *counts; /* of each vector of rows: which of them are rows, not filling. */
    vector *x, *targets, *turned, *sums;
    double *norms; /* of each parameter, while they are clipped. */
    NAME(layer_room) layer[MOST_LAYERS];
} NAME(pass);

/* This thread's part of so many, of a layer's units, and of the vectors of rows. */
INLINE part NAME(own)(const NAME(pass) *p, int64_t count, int64_t grain) {
    return part_of(p->team, p->rank, count, grain);
}
INLINE part NAME(own_units)(const NAME(pass) *p, int64_t units) { return NAME(own)(p, units, 4); }
INLINE part NAME(own_rows)(const NAME(pass) *p) { return NAME(own)(p, p->wide, 1); }

INLINE REAL *NAME(parameter)(const task *t, void *flat, const parameter *p, int64_t member) {
    return (REAL *)flat + p->offset + member * p->count;
}

/* Rows first [rows][features] -> features first [features][rows], the last row filling up. */
static void NAME(turn)(const NAME(pass) *p, int64_t features, const REAL *from, vector *to) {
    int64_t rows = p->rows, wide = p->wide, stride = wide * LANES;
    part own = NAME(own_rows)(p);
    REAL *out = (REAL *)to;
    if (features < LANES) {
        for (int64_t n = own.begin * LANES; n < own.end * LANES; n++) {
            const REAL *row = from + least(n, rows - 1) * features;
            for (int64_t f = 0; f < features; f++) out[f * stride + n] = row[f];
        }
        return;
    }
    for (int64_t n = own.begin; n < own.end; n++)
        for (int64_t f = 0; f < features; f += LANES) {
            /* The last of them begin earlier: nothing is read beyond the last row. */
            int64_t first = least(f, features - LANES);
            vector square[LANES];
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
                square[i] = NAME(load)(from + least(n * LANES + i, rows - 1) * features + first);
            NAME(transpose)(square);
            _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++)
                to[(first + i) * wide + n] = square[i];
        }
}

static void NAME(turn_targets)(const NAME(pass) *p, const void *from) {
    const task *t = p->task;
    part own = NAME(own_rows)(p);
    if (t->classes) {
        REAL *to = (REAL *)p->targets;
        for (int64_t n = own.begin * LANES; n < own.end * LANES; n++)
            to[n] = (REAL)((const int64_t *)from)[least(n, p->rows - 1)];
    } else
        NAME(turn)(p, t->outputs, from, p->targets);
}

/* ---------------------------------------------------------------- normalisation */

/* x̂ = (z - mean) / sqrt(variance + ε), y = w x̂ + b, over the rows of each unit. While a network is
 * measured the running figures stand for those of the rows.
 *
 * A variance that leaves its type is infinite, and x̂ then 0: so the operations have it one by one,
 * and PyTorch's batch normalisation. Its layer normalisation has 0 or NaN, as the units leave some
 * of its vectors unfilled or not: there sums that are empty are multiplied by infinity. */
static void NAME(batch_norm)(const NAME(pass) *p, const layer *l, NAME(layer_room) *at, part units,
        int learns) {
    const task *t = p->task;
    REAL *w = NAME(parameter)(t, t->weights, &l->norm_weight, p->member);
    REAL *b = NAME(parameter)(t, t->weights, &l->norm_bias, p->member);
    REAL *running_mean = NAME(parameter)(t, t->weights, &l->running_mean, p->member);
    REAL *running_var = NAME(parameter)(t, t->weights, &l->running_var, p->member);
    vector zero = NAME(all)(0);
    for (int64_t u = units.begin; u < units.end; u++) {
        vector *z = at->z + u * p->wide, *normal = at->normal + u * p->wide, total = zero;
        REAL mean = running_mean[u], variance = running_var[u];
        if (learns) {
            for (int64_t n = 0; n < p->wide; n++) total += NAME(where)(p->counts[n], z[n], zero);
            mean = NAME(sum)(total) / p->rows;
            total = zero;
            for (int64_t n = 0; n < p->wide; n++) {
                vector off = NAME(where)(p->counts[n], z[n] - mean, zero);
                total += off * off;
            }
            variance = NAME(sum)(total) / p->rows;
            running_mean[u] += (REAL)t->momentum * (mean - running_mean[u]);
            /* The running variance estimates that of rows which are not in the batch. */
            running_var[u] = running_var[u] * (REAL)(1 - t->momentum)
                    + variance * (REAL)(t->momentum * p->rows / (p->rows - 1));
        }
        REAL scale = 1 / CLIB(sqrt)(variance + (REAL)t->epsilon);
        at->scale[u] = NAME(all)(scale);
        for (int64_t n = 0; n < p->wide; n++) {
            normal[n] = (z[n] - mean) * scale;
            z[n] = b[u] + normal[n] * w[u];
        }
    }
}

/* dz = w (dy - (gb + x̂ gw) / N) / sqrt(variance + ε) */
static void NAME(batch_norm_back)(const NAME(pass) *p, const layer *l, NAME(layer_room) *at, part units,
        const REAL *gw, const REAL *gb) {
    REAL *w = NAME(parameter)(p->task, p->task->weights, &l->norm_weight, p->member);
    REAL share = (REAL)1 / p->rows;
    for (int64_t u = units.begin; u < units.end; u++) {
        vector *d = at->d + u * p->wide, *normal = at->normal + u * p->wide;
        vector scale = at->scale[u] * w[u];
        for (int64_t n = 0; n < p->wide; n++) {
            vector dz = (d[n] - (gb[u] + normal[n] * gw[u]) * share) * scale;
            d[n] = NAME(where)(p->counts[n], dz, NAME(all)(0));
        }
    }
}

/* The same over the units of each row of data. */
static void NAME(layer_norm)(const NAME(pass) *p, const layer *l, NAME(layer_room) *at) {
    const task *t = p->task;
    REAL *w = NAME(parameter)(t, t->weights, &l->norm_weight, p->member);
    REAL *b = NAME(parameter)(t, t->weights, &l->norm_bias, p->member);
    part own = NAME(own_rows)(p);
    for (int64_t n = own.begin; n < own.end; n++) {
        vector mean = NAME(all)(0), variance = mean;
        for (int64_t u = 0; u < l->outputs; u++) mean += at->z[u * p->wide + n];
        mean /= (REAL)l->outputs;
        for (int64_t u = 0; u < l->outputs; u++) {
            vector off = at->z[u * p->wide + n] - mean;
            variance += off * off;
        }
        vector scale = 1 / NAME(sqrt)(variance / (REAL)l->outputs + (REAL)t->epsilon);
        at->scale[n] = scale;
        for (int64_t u = 0; u < l->outputs; u++) {
            vector normal = (at->z[u * p->wide + n] - mean) * scale;
            at->normal[u * p->wide + n] = normal;
            at->z[u * p->wide + n] = b[u] + normal * w[u];
        }
    }
}

/* dz = (dx̂ - mean dx̂ - x̂ mean(dx̂ x̂)) / sqrt(variance + ε), with dx̂ = w dy */
static void NAME(layer_norm_back)(const NAME(pass) *p, const layer *l, NAME(layer_room) *at) {
    REAL *w = NAME(parameter)(p->task, p->task->weights, &l->norm_weight, p->member);
    part own = NAME(own_rows)(p);
    for (int64_t n = own.begin; n < own.end; n++) {
        vector first = NAME(all)(0), second = first;
        for (int64_t u = 0; u < l->outputs; u++) {
            vector d = at->d[u * p->wide + n] * w[u];
            first += d;
            second += d * at->normal[u * p->wide + n];
        }
        first /= (REAL)l->outputs;
        second /= (REAL)l->outputs;
        for (int64_t u = 0; u < l->outputs; u++) {
            vector d = at->d[u * p->wide + n] * w[u];
            at->d[u * p->wide + n] = (d - first - at->normal[u * p->wide + n] * second) * at->scale[n];
        }
    }
}

/* --------------------------------------------------------------------- outputs */

/* log softmax of z, of the greatest z and the logarithm of the sum of all exp(z - most). Beside a
 * large number that logarithm would be rounded away; beside what networks say it is added first, as
 * in recordings that are there. */
INLINE vector NAME(log_share)(vector z, vector most, vector log_sum) {
    mask far = NAME(abs)(most) > 256;
    return NAME(where)(far, (z - most) - log_sum, z - (most + log_sum));
}

/* What mixes a layer's units, in place: softmax and its logarithm, without overflow. */
static void NAME(softmax)(part rows, int64_t units, int64_t wide, const vector *z, vector *h, int logarithm) {
    for (int64_t n = rows.begin; n < rows.end; n++) {
        vector most = z[n], total = NAME(all)(0);
        for (int64_t u = 1; u < units; u++) most = NAME(maximum)(most, z[u * wide + n]);
        for (int64_t u = 0; u < units; u++) total += NAME(exp)(z[u * wide + n] - most);
        vector log_sum = NAME(log)(total);
        for (int64_t u = 0; u < units; u++) {
            vector here = z[u * wide + n];
            h[u * wide + n] = logarithm ? NAME(log_share)(here, most, log_sum)
                                        : NAME(exp)(here - most) / total;
        }
    }
}
static void NAME(softmax_back)(part rows, int64_t units, int64_t wide, const vector *h, vector *d,
        int logarithm) {
    for (int64_t n = rows.begin; n < rows.end; n++) {
        vector total = NAME(all)(0);
        for (int64_t u = 0; u < units; u++)
            total += logarithm ? d[u * wide + n] : d[u * wide + n] * h[u * wide + n];
        for (int64_t u = 0; u < units; u++) {
            vector here = h[u * wide + n], dh = d[u * wide + n];
            d[u * wide + n] = logarithm ? dh - NAME(exp)(here) * total : here * (dh - total);
        }
    }
}

/* The loss of outputs y, and where d is wanted its derivative by them; `weighs` says whether a row
 * counts by its class, and is known where this is compiled. */
INLINE REAL NAME(loss_of)(const NAME(pass) *p, const vector *y, vector *d, int weighs) {
    const task *t = p->task;
    int64_t outputs = t->outputs, wide = p->wide;
    double numbers = t->classes ? p->rows : (double)p->rows * outputs;
    REAL share = t->mean ? (REAL)(1 / numbers) : 1, delta = (REAL)t->delta;
    vector total = NAME(all)(0), zero = total, weight = NAME(all)(1);
    int64_t classes = t->classes ? outputs : 2;
    const double *weights = weighs ? t->class_weights + p->member * classes : 0;
    if (t->loss == CROSS_ENTROPY || t->loss == NEGATIVE_LOG_LIKELIHOOD) {
        for (int64_t n = 0; n < wide; n++) {
            vector most = y[n], sum = zero, true_one = zero;
            if (t->loss == CROSS_ENTROPY) {
                for (int64_t u = 1; u < outputs; u++) most = NAME(maximum)(most, y[u * wide + n]);
                for (int64_t u = 0; u < outputs; u++) sum += NAME(exp)(y[u * wide + n] - most);
            }
            for (int64_t c = 0; weighs && c < classes; c++)
                weight = NAME(where)(p->targets[n] == (REAL)c, NAME(all)((REAL)weights[c]), weight);
            for (int64_t u = 0; u < outputs; u++) {
                mask its = p->targets[n] == (REAL)u;
                vector here = y[u * wide + n];
                /* What is none of the true class may be infinite: it is left out, not times 0. */
                true_one = NAME(where)(its, here, true_one);
                if (!d) continue;
                vector dy = NAME(where)(its, NAME(all)(-1), zero);
                if (t->loss == CROSS_ENTROPY) dy += NAME(exp)(here - most) / sum;
                d[u * wide + n] = NAME(where)(p->counts[n], dy * share * weight, zero);
            }
            if (t->loss == CROSS_ENTROPY) true_one = NAME(log_share)(true_one, most, NAME(log)(sum));
            total += NAME(where)(p->counts[n], -true_one * weight, zero);
        }
        return NAME(sum)(total) * share;
    }
    for (int64_t u = 0; u < outputs; u++)
        for (int64_t n = 0; n < wide; n++) {
            vector a = y[u * wide + n], b = p->targets[u * wide + n], error = a - b, each, dy;
            switch (t->loss) {
            case MSE: case RMSE:
                each = error * error;
                dy = error * (2 * share);
                break;
            case L1:
                each = NAME(abs)(error);
                dy = NAME(sign)(error) * share;
                break;
            case HUBER: {
                vector held = NAME(minimum)(NAME(abs)(error), NAME(all)(delta));
                each = held * (NAME(abs)(error) - held / 2);
                dy = NAME(clip)(error, NAME(all)(-delta), NAME(all)(delta)) * share;
                break;
            }
            case BINARY_CROSS_ENTROPY: {
                /* Held as PyTorch holds them: one certain and wrong answer is no infinite loss. */
                vector floor = NAME(all)(-100), least_slope = NAME(all)((REAL)1e-12);
                vector yes = NAME(maximum)(NAME(log)(a), floor);
                vector no = NAME(maximum)(NAME(log1p)(-a), floor);
                each = (b - 1) * no - b * yes;
                dy = share * error / NAME(maximum)((1 - a) * a, least_slope);
                break;
            }
            case BINARY_CROSS_ENTROPY_WITH_LOGITS:
                each = NAME(log1p)(NAME(exp)(-NAME(abs)(a))) + NAME(maximum)(a, zero) - b * a;
                dy = (NAME(sigmoid)(a) - b) * share;
                break;
            default:
                each = NAME(loss_rules)[t->loss - RULED].each(a, b);
                dy = NAME(loss_rules)[t->loss - RULED].slope(a, b) * share;
            }
            if (weighs)
                weight = NAME(where)(b > (REAL)0.5, NAME(all)((REAL)weights[1]), NAME(all)((REAL)weights[0]));
            total += NAME(where)(p->counts[n], each * weight, zero);
            if (d) d[u * wide + n] = NAME(where)(p->counts[n], dy * weight, zero);
        }
    REAL loss = NAME(sum)(total) * share;
    if (t->loss != RMSE) return loss;
    loss = CLIB(sqrt)(loss);
    /* d (mean of squares) / (2 loss); at a loss of 0 there is a corner, and 0 is a slope of it. */
    if (d)
        for (int64_t i = 0; i < outputs * wide; i++) d[i] = loss > 0 || loss != loss ? d[i] / (2 * loss) : zero;
    return loss;
}

static REAL NAME(loss)(const NAME(pass) *p, const vector *y, vector *d) {
    return p->task->class_weights ? NAME(loss_of)(p, y, d, 1) : NAME(loss_of)(p, y, d, 0);
}

/* The share of rows whose class is right. */
static double NAME(accuracy)(const NAME(pass) *p, const vector *y) {
    const task *t = p->task;
    vector right = NAME(all)(0), one = NAME(all)(1), none = right;
    for (int64_t n = 0; n < p->wide; n++) {
        vector most = y[n], said = NAME(where)(most > (REAL)t->threshold, one, none);
        if (t->classes) said = none;
        for (int64_t u = 1; t->classes && u < t->outputs; u++) {
            vector here = y[u * p->wide + n];
            /* A NaN is the greatest of all, as in PyTorch's argmax. */
            mask better = (here > most) | ((here != here) & (most == most));
            most = NAME(where)(better, here, most);
            said = NAME(where)(better, NAME(all)((REAL)u), said);
        }
        right += NAME(where)((said == p->targets[n]) & p->counts[n], one, none);
    }
    return (double)NAME(sum)(right) / p->rows;
}

/* --------------------------------------------------------------------- a step */

/* Make what fills up 0, of so many units. */
static void NAME(clear_filling)(const NAME(pass) *p, int64_t units, vector *of) {
    mask counts = p->counts[p->wide - 1];
    for (vector *last = of + p->wide - 1, *end = of + units * p->wide; last < end; last += p->wide)
        *last = (vector)((mask)*last & counts);
}

/* What a layer gives to the next one in a step that is learned from. */
INLINE vector *NAME(given_on)(const layer *l, const NAME(layer_room) *at) {
    return l->masks ? at->dropped : l->activation == IDENTITY ? at->z : at->h;
}

/* Compute the outputs of the rows in x; `step` is the row of the masks, -1 while it is measured. */
static const vector *NAME(forward)(NAME(pass) *p, int64_t step) {
    const task *t = p->task;
    const vector *h = p->x;
    meet(p->team); /* The rows are there, and the weights are those of the last step. */
    for (int64_t i = 0; i < t->layers; i++) {
        const layer *l = &t->layer[i];
        NAME(layer_room) *at = &p->layer[i];
        part own = NAME(own_units)(p, l->outputs);
        int64_t start = own.begin * p->wide, count = (own.end - own.begin) * p->wide;
        at->input = h;
        NAME(product)(own.end - own.begin, l->inputs, p->wide,
                NAME(parameter)(t, t->weights, &l->weight, p->member) + own.begin * l->inputs,
                l->inputs, 1, NAME(parameter)(t, t->weights, &l->bias, p->member) + own.begin, h,
                (REAL *)(at->z + start));
        if (l->normalisation == BATCH) NAME(batch_norm)(p, l, at, own, step >= 0);
        if (l->normalisation == LAYER) {
            meet(p->team);
            NAME(layer_norm)(p, l, at);
            meet(p->team);
        }
        h = at->z;
        if (l->activation >= 0) {
            const NAME(activation) *activation = &NAME(activations)[l->activation];
            /* Where the slope costs what the value does, it is left in z's place. */
            if (step >= 0 && activation->learn) activation->learn(count, at->z + start, at->h + start);
            else activation->forward(count, at->z + start, at->h + start);
            h = at->h;
        } else if (l->activation != IDENTITY) {
            meet(p->team);
            NAME(softmax)(NAME(own_rows)(p), l->outputs, p->wide, at->z, at->h, l->activation == LOG_SOFTMAX);
            h = at->h;
            if (l->masks) meet(p->team);
        }
        if (l->masks && step >= 0) {
            const REAL *masks = (const REAL *)l->masks + step * l->mask_step + p->member * l->mask_member;
            for (int64_t u = own.begin; u < own.end; u++) {
                const REAL *row = masks + u * l->mask_unit;
                REAL *to = (REAL *)(at->kept + u * p->wide);
                for (int64_t n = 0; n < p->wide * LANES; n++) to[n] = row[least(n, p->rows - 1)];
                /* In room of its own: the activation's slope speaks of h as it was. */
                for (int64_t n = u * p->wide; n < (u + 1) * p->wide; n++)
                    at->dropped[n] = h[n] * at->kept[n];
            }
            h = at->dropped;
        }
        meet(p->team);
    }
    return h;
}

/* Compute every parameter's gradient from the derivative of the loss in the last layer's d; where
 * it clears, with nothing in what fills up. */
static void NAME(backward)(NAME(pass) *p, REAL *gradients, int clears) {
    const task *t = p->task;
    for (int64_t i = t->layers - 1; i >= 0; i--) {
        const layer *l = &t->layer[i];
        NAME(layer_room) *at = &p->layer[i];
        part own = NAME(own_units)(p, l->outputs);
        int64_t start = own.begin * p->wide, count = (own.end - own.begin) * p->wide;
        if (l->masks)
            for (int64_t k = start; k < start + count; k++) at->d[k] *= at->kept[k];
        if (l->activation >= 0)
            NAME(activations)[l->activation].backward(count, at->z + start, at->h + start, at->d + start);
        else if (l->activation != IDENTITY) {
            meet(p->team);
            NAME(softmax_back)(NAME(own_rows)(p), l->outputs, p->wide, at->h, at->d,
                    l->activation == LOG_SOFTMAX);
            meet(p->team);
        }
        if (clears) NAME(clear_filling)(p, own.end - own.begin, at->d + start);
        if (l->normalisation) {
            REAL *gw = NAME(parameter)(t, gradients, &l->norm_weight, p->member);
            REAL *gb = NAME(parameter)(t, gradients, &l->norm_bias, p->member);
            for (int64_t u = own.begin; u < own.end; u++) {
                vector total = NAME(all)(0);
                for (int64_t n = u * p->wide; n < (u + 1) * p->wide; n++) total += at->d[n] * at->normal[n];
                gw[u] = NAME(sum)(total);
            }
            NAME(sums_of)(own.end - own.begin, p->wide, at->d + start, gb + own.begin);
            if (l->normalisation == BATCH) NAME(batch_norm_back)(p, l, at, own, gw, gb);
            else {
                meet(p->team);
                NAME(layer_norm_back)(p, l, at);
                meet(p->team);
                if (clears) NAME(clear_filling)(p, own.end - own.begin, at->d + start);
            }
        }
        REAL *weight = NAME(parameter)(t, t->weights, &l->weight, p->member);
        REAL *gw = NAME(parameter)(t, gradients, &l->weight, p->member) + own.begin * l->inputs;
        if (NAME(is_product)(l->outputs, l->inputs, p->wide)) {
            int64_t across = (l->inputs + LANES - 1) / LANES;
            NAME(turn_over)(NAME(own)(p, across, 1), l->inputs, p->wide, at->input, p->turned);
            meet(p->team);
            NAME(weight_gradient_by_product)(own.end - own.begin, l->inputs, p->rows, p->wide,
                    at->d + start, p->turned, p->sums + own.begin * across, gw);
        } else
            NAME(weight_gradient)(own.end - own.begin, l->inputs, p->wide, at->d + start, at->input, gw);
        REAL *gb = NAME(parameter)(t, gradients, &l->bias, p->member) + own.begin;
        NAME(sums_of)(own.end - own.begin, p->wide, at->d + start, gb);
        meet(p->team);
        /* The first layer's inputs are data: nobody learns from their derivative. */
        if (!i) return;
        part inputs = NAME(own_units)(p, l->inputs);
        NAME(product)(inputs.end - inputs.begin, l->outputs, p->wide, weight + inputs.begin, 1,
                l->inputs, 0, at->d, (REAL *)(p->layer[i - 1].d + inputs.begin * p->wide));
    }
}

/* The length of a vector, exact from 1e-30 to 1e30: where a square may have left its type's range,
 * all of it is summed in double. */
double NAME(norm)(int64_t count, const REAL *numbers) {
    vector four[4] = {NAME(all)(0), NAME(all)(0), NAME(all)(0), NAME(all)(0)};
    int64_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES)
        _Pragma("GCC unroll 4") for (int k = 0; k < 4; k++) {
            vector some = NAME(load)(numbers + i + k * LANES);
            four[k] += some * some;
        }
    for (; i < count; i += LANES) {
        vector some = NAME(load_some)(numbers + i, least(count - i, LANES));
        four[0] += some * some;
    }
    REAL squares = NAME(sum)((four[0] + four[1]) + (four[2] + four[3]));
    if (DOUBLE || (squares > (REAL)1e-24 && squares < (REAL)1e36)) return sqrt((double)squares);
    /* Sums side by side, in an order that no alignment changes. */
    double exact[8] = {0}, all = 0;
    for (i = 0; i < count; i++) exact[i % 8] += (double)numbers[i] * numbers[i];
    for (i = 0; i < 8; i++) all += exact[i];
    return sqrt(all);
}

/* Where this thread's part of a parameter lies among all numbers, in whole vectors but for the end. */
INLINE part NAME(own_numbers)(const NAME(pass) *p, int64_t k) {
    const parameter *which = &p->task->parameter[k];
    int64_t start = which->offset + p->member * which->count;
    part own = NAME(own)(p, which->count, LANES);
    return (part){start + own.begin, start + own.end};
}

/* The length of each parameter in some numbers laid out as all are; known when all have met. */
static void NAME(lengths)(NAME(pass) *p, const REAL *numbers, double *norms) {
    const task *t = p->task;
    for (int64_t own = 0, k; (k = next_task(p->team, own)) < t->parameters; own++) {
        const parameter *which = &t->parameter[k];
        norms[k] = NAME(norm)(which->count, numbers + which->offset + p->member * which->count);
    }
}

/* The length of all parameters together. */
static double NAME(whole_length)(int64_t count, const double *norms) {
    double squares = 0;
    for (int64_t k = 0; k < count; k++) squares += norms[k] * norms[k];
    return sqrt(squares);
}

/* Change a member's weights by what its gradients are used as. */
static void NAME(learn)(const NAME(pass) *pass, REAL *used, double rate, int64_t step) {
    const task *t = pass->task;
    int64_t member = pass->member;
    REAL constants[MOST_CONSTANTS];
    const NAME(update) *update = &NAME(updates)[t->update];
    update->prepare(t->settings + member * t->setting_count, rate, (double)step, constants);
    for (int64_t k = 0; k < t->parameters; k++) {
        part own = NAME(own_numbers)(pass, k);
        int64_t start = own.begin, count = own.end - own.begin;
        REAL *state[MOST_STATES];
        for (int64_t s = 0; s < t->states; s++) state[s] = (REAL *)t->state[s] + start;
        int64_t whole = count / LANES * LANES, rest = count - whole;
        update->apply(whole, (REAL *)t->weights + start, used + start, state, constants);
        if (!rest) continue;
        /* What fills no vector is computed in one, so that its place changes no bit of it. */
        vector room[2 + MOST_STATES];
        REAL *filled[MOST_STATES], *weights = (REAL *)t->weights + start + whole;
        room[0] = NAME(load_some)(weights, rest);
        room[1] = NAME(load_some)(used + start + whole, rest);
        for (int64_t s = 0; s < t->states; s++) {
            filled[s] = (REAL *)(room + 2 + s);
            room[2 + s] = NAME(load_some)(state[s] + whole, rest);
        }
        update->apply(LANES, (REAL *)room, (REAL *)(room + 1), filled, constants);
        NAME(store_some)(weights, room[0], rest);
        for (int64_t s = 0; s < t->states; s++) NAME(store_some)(state[s] + whole, room[2 + s], rest);
    }
}

/* Bound a member's gradients as torch.nn.utils does: by norm, with its margin, then by value. */
static void NAME(clip_gradients)(NAME(pass) *p, REAL *used) {
    const task *t = p->task;
    double norm = t->clip_norm[p->member], value = t->clip_value[p->member], factor = 1;
    if (norm >= 0) {
        NAME(lengths)(p, used, p->norms);
        meet(p->team);
        factor = norm / (NAME(whole_length)(t->parameters, p->norms) + 1e-6);
    }
    for (int64_t k = 0; k < t->parameters; k++) {
        part own = NAME(own_numbers)(p, k);
        if (!(factor >= 1))
            for (int64_t i = own.begin; i < own.end; i++) used[i] *= (REAL)factor;
        if (value >= 0)
            for (int64_t i = own.begin; i < own.end; i++)
                used[i] = used[i] > (REAL)value ? (REAL)value : used[i] < (REAL)-value ? (REAL)-value : used[i];
    }
}

/* Add l1 times the sign of each weight to a member's gradients. */
static void NAME(pull_to_zero)(const NAME(pass) *p, REAL *used) {
    const REAL *weights = p->task->weights, l1 = (REAL)p->task->l1[p->member];
    for (int64_t k = 0; k < p->task->parameters; k++) {
        part own = NAME(own_numbers)(p, k);
        for (int64_t i = own.begin; i < own.end; i++)
            used[i] += l1 * ((weights[i] > 0) - (weights[i] < 0));
    }
}

/* What the update uses, where that is not what was computed: this thread's part of it. */
static REAL *NAME(used_gradients)(NAME(pass) *p, REAL *gradients) {
    const task *t = p->task;
    REAL *used = t->used;
    if (!used) return gradients;
    for (int64_t k = 0; k < t->parameters; k++) {
        part own = NAME(own_numbers)(p, k);
        for (int64_t i = own.begin; i < own.end; i++) {
            if (t->piles) gradients[i] += used[i];
            used[i] = gradients[i];
        }
    }
    meet(p->team);
    NAME(clip_gradients)(p, used);
    NAME(pull_to_zero)(p, used);
    return used;
}

/* Lay out a pass over so many rows in the room from `at` on; return where it ends. */
static char *NAME(lay_out)(NAME(pass) *p, const task *t, int64_t rows, char *at) {
    p->task = t;
    p->team = 0;
    p->rank = 0;
    p->rows = rows;
    p->wide = (rows + LANES - 1) / LANES;
#define ROOM(count) ((void *)at); at += (size_t)(count) * WIDTH
    p->counts = ROOM(p->wide);
    p->x = ROOM(t->layer[0].inputs * p->wide);
    p->targets = ROOM((t->classes ? 1 : t->outputs) * p->wide);
    for (int64_t i = 0; i < t->layers; i++) {
        const layer *l = &t->layer[i];
        int64_t count = l->outputs * p->wide;
        NAME(layer_room) *room = &p->layer[i];
        room->z = ROOM(count);
        room->h = ROOM(l->activation == IDENTITY ? 0 : count);
        room->d = ROOM(count);
        room->normal = ROOM(l->normalisation ? count : 0);
        room->scale = ROOM(l->normalisation ? l->outputs + p->wide : 0);
        room->kept = ROOM(l->masks ? count : 0);
        room->dropped = ROOM(l->masks ? count : 0);
    }
    int64_t turned = 0, sums = 0;
    for (int64_t i = 0; i < t->layers; i++) {
        const layer *l = &t->layer[i];
        int64_t across = (l->inputs + LANES - 1) / LANES;
        if (!NAME(is_product)(l->outputs, l->inputs, p->wide)) continue;
        turned = most(turned, p->wide * LANES * across);
        sums = most(sums, l->outputs * across);
    }
    p->turned = ROOM(turned);
    p->sums = ROOM(sums);
    p->norms = ROOM(t->parameters); /* A vector holds a double, and more. */
#undef ROOM
    return at;
}

/* Say which numbers of a pass's vectors are rows, and which fill up. */
static void NAME(count_rows)(NAME(pass) *p) {
    for (int64_t n = 0; n < p->wide; n++)
        for (int lane = 0; lane < LANES; lane++)
            p->counts[n][lane] = n * LANES + lane < p->rows ? -1 : 0;
}

/* The bytes that a thread's steps need. */
int64_t NAME(room)(const task *t) {
    NAME(pass) p;
    char *end = NAME(lay_out)(&p, t, t->rows, 0);
    if (t->dev_rows) end = NAME(lay_out)(&p, t, t->dev_rows, end);
    return (int64_t)(intptr_t)end;
}

/* Turn the rows that a step sees over, where they are others than before. */
static void NAME(turn_rows)(NAME(pass) *p, int64_t step) {
    const task *t = p->task;
    if (!step || t->input_step) {
        NAME(turn)(p, t->layer[0].inputs, (const REAL *)t->inputs + p->member * t->input_member
                + step * t->input_step, p->x);
        NAME(turn_targets)(p, (const char *)t->targets + p->member * t->target_member
                + step * t->target_step);
    }
    if (t->input_step) {
        const char *next = (const char *)((const REAL *)t->inputs + p->member * t->input_member
                + least(step + 1, t->steps - 1) * t->input_step);
        for (int64_t byte = 0; byte < least(t->input_step * SIZE, 1 << 14); byte += 64)
            __builtin_prefetch(next + byte);
    }
}

/* Measure the network on the rows of the dev set. */
static void NAME(measure)(NAME(pass) *p, int64_t number) {
    const task *t = p->task;
    const vector *y = NAME(forward)(p, -1);
    if (p->rank) return;
    ((REAL *)t->dev_losses)[number] = NAME(loss)(p, y, 0);
    ((REAL *)t->dev_accuracies)[number] = t->has_accuracy ? (REAL)NAME(accuracy)(p, y) : (REAL)NAN;
}

/* Whether a gradient is no number, of data or of what fills them up. */
static int NAME(is_spoiled)(const task *t, const double *norms) {
    int spoiled = 0;
    for (int64_t k = 0; k < t->parameters; k++) spoiled |= norms[k] != norms[k];
    return spoiled;
}

/* Compute the gradients anew, with nothing in what fills up. The inputs of the network are data,
 * which are finite: what fills them up may stay. */
static void NAME(backward_anew)(NAME(pass) *p, const vector *y, REAL *gradients, double *norms) {
    const task *t = p->task;
    for (int64_t i = 0; i < t->layers - 1; i++) {
        const layer *l = &t->layer[i];
        part own = NAME(own_units)(p, l->outputs);
        vector *given = NAME(given_on)(l, &p->layer[i]) + own.begin * p->wide;
        NAME(clear_filling)(p, own.end - own.begin, given);
    }
    if (!p->rank) NAME(loss)(p, y, p->layer[t->layers - 1].d);
    meet(p->team);
    NAME(backward)(p, gradients, 1);
    NAME(lengths)(p, gradients, norms);
}

/* Take one step of a member, and leave its row. */
static void NAME(take_step)(NAME(pass) *p, int64_t step) {
    const task *t = p->task;
    int64_t row = t->row + step, number = row * t->members + p->member;
    double *norms = t->norms + number * (1 + t->parameters);
    /* One row for all steps, which stays in the cache: their norms are all that is read. */
    REAL *gradients = t->gradients;
    NAME(turn_rows)(p, step);
    const vector *y = NAME(forward)(p, step);
    if (!p->rank) ((REAL *)t->losses)[number] = NAME(loss)(p, y, p->layer[t->layers - 1].d);
    if (is_last(p->team, p->rank))
        ((REAL *)t->accuracies)[number] = t->has_accuracy ? (REAL)NAME(accuracy)(p, y) : (REAL)NAN;
    meet(p->team);
    NAME(backward)(p, gradients, 0);
    int fills = p->rows % LANES != 0;
    if (fills || !t->piles) NAME(lengths)(p, gradients, norms + 1);
    if (fills) {
        meet(p->team);
        if (NAME(is_spoiled)(t, norms + 1)) NAME(backward_anew)(p, y, gradients, norms + 1);
    }
    REAL *used = NAME(used_gradients)(p, gradients);
    if (t->piles) NAME(lengths)(p, gradients, norms + 1);
    NAME(learn)(p, used, t->rates[number], t->taken + step + 1);
    for (int64_t k = 0; k < t->kept; k++) {
        part own = NAME(own_numbers)(p, k);
        memcpy((REAL *)t->after + row * t->size + own.begin, (REAL *)t->weights + own.begin,
                (own.end - own.begin) * sizeof(REAL));
    }
    meet(p->team);
    if (!p->rank) norms[0] = NAME(whole_length)(t->parameters, norms + 1);
}

/* Take all steps of a call for the members from `begin` to `end`, in room of `room` bytes: alone, or
 * as the thread of this rank in a team that has one room. */
void NAME(take)(const task *t, team *all, int64_t rank, int64_t begin, int64_t end, char *room) {
    NAME(pass) train, dev;
    char *rest = NAME(lay_out)(&train, t, t->rows, room);
    if (t->dev_rows) NAME(lay_out)(&dev, t, t->dev_rows, rest);
    if (!rank) NAME(count_rows)(&train);
    if (!rank && t->dev_rows) NAME(count_rows)(&dev);
    train.team = dev.team = all;
    train.rank = dev.rank = rank;
    for (int64_t member = begin; member < end; member++) {
        train.member = dev.member = member;
        if (t->dev_rows) {
            NAME(turn)(&dev, t->layer[0].inputs, (const REAL *)t->dev_inputs + member * t->dev_input_member,
                    dev.x);
            NAME(turn_targets)(&dev, (const char *)t->dev_targets + member * t->dev_target_member);
        }
        for (int64_t step = 0; step < t->steps; step++) {
            NAME(take_step)(&train, step);
            if (t->dev_rows && (t->first + step) % t->stride == 0)
                NAME(measure)(&dev, (t->row + step) * t->members + member);
        }
        meet(all); /* The next one's rows take the place of what rank 0 still measures on. */
    }
}

/* What a child process calls before anybody loads the library: vectors of this CPU at work. */
int NAME(trial)(void) {
    volatile REAL nothing = 0;
    return NAME(sum)(NAME(exp)(NAME(all)(nothing))) == LANES;
}

/* An activation of some numbers, and d turned by its slope there: a step's own functions, for who
 * holds them against others. */
void NAME(activate)(int64_t activation, int64_t count, const REAL *zs, REAL *hs, REAL *ds) {
    for (int64_t n = 0; n < count; n += LANES) {
        size_t some = least(count - n, LANES) * sizeof(REAL);
        vector z = NAME(all)(0), h, d = z;
        memcpy(&z, zs + n, some);
        memcpy(&d, ds + n, some);
        if (NAME(activations)[activation].learn) NAME(activations)[activation].learn(1, &z, &h);
        else NAME(activations)[activation].forward(1, &z, &h);
        NAME(activations)[activation].backward(1, &z, &h, &d);
        memcpy(hs + n, &h, some);
        memcpy(ds + n, &d, some);
    }
}

/* What a network is measured by beside its training, as engine/training/probe.py says it, at some
 * steps of a call that was played: from the weights that it left, with everything in the cache. */

/* The length of a vector, or of what it has more than another, summed in double. */
static double NAME(exact_norm)(int64_t count, const REAL *a, const REAL *b) {
    double sums[8] = {0}, all = 0;
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int j = 0; j < 8; j++) {
            double each = b ? a[i + j] - b[i + j] : a[i + j];
            sums[j] += each * each;
        }
    for (; i < count; i++) {
        double each = b ? a[i] - b[i] : a[i];
        sums[i % 8] += each * each;
    }
    for (int j = 0; j < 8; j++) all += sums[j];
    return sqrt(all);
}

/* The share of a layer's units that have no slope on any row, and of those with next to none. */
static void NAME(idle_units)(NAME(pass) *p, const layer *l, NAME(layer_room) *at, double most,
        double *shares) {
    const NAME(activation) *activation = &NAME(activations)[l->activation];
    int64_t count = l->outputs * p->wide, dead = 0, saturated = 0;
    vector zero = NAME(all)(0), nothing = zero;
    /* A unit that is no number is neither alive nor dead; its layer has no share. */
    for (int64_t n = 0; n < count; n++) nothing += NAME(where)(at->z[n] != at->z[n], at->z[n], zero);
    for (int64_t n = 0; n < count; n++) at->d[n] = NAME(all)(1);
    if (activation->learn) activation->learn(count, at->z, at->h);
    activation->backward(count, at->z, at->h, at->d);
    for (int64_t u = 0; u < l->outputs; u++) {
        vector greatest = zero, total = zero;
        for (int64_t n = 0; n < p->wide; n++) {
            vector slope = NAME(abs)(at->d[u * p->wide + n]);
            greatest = NAME(maximum)(greatest, slope);
            total += NAME(where)(p->counts[n], slope, zero);
        }
        double sum = NAME(sum)(total);
        nothing += NAME(where)(greatest != greatest, greatest, zero);
        int none = 1;
        for (int lane = 0; lane < LANES; lane++) none &= greatest[lane] == 0;
        dead += none;
        saturated += sum <= most;
    }
    double spoiled = NAME(sum)(nothing);
    shares[0] = (double)dead / l->outputs + (spoiled - spoiled);
    shares[1] = (double)saturated / l->outputs + (spoiled - spoiled);
}

typedef struct {
    int64_t rows;        /* of data, */
    const void *inputs;  /* [members][rows][features], */
    int64_t input_member;
    int64_t layers;      /* which go through so many layers: */
    const double *most;  /* what the slopes of a unit add up to at most where it is saturated. */
    const int64_t *dead;      /* In which columns a layer's shares stand, [layers]; */
    const int64_t *saturated; /* -1 where they are not wanted. */
    int64_t count;       /* Networks to look at: */
    const int64_t *rows_of_block; /* of these rows, [count], */
    const void *after;   /* [rows of the block][size] */
    const void *before;  /* and those before its first, [size]. */
    float *columns;      /* [columns][count][members]: the norms of parameters, and of their updates
                          * as a share of these; then the shares of layers. */
} NAME(look);

/* The bytes that it needs. */
int64_t NAME(look_room)(const task *t, const NAME(look) *look) {
    NAME(pass) p;
    return (int64_t)(intptr_t)NAME(lay_out)(&p, t, look->rows, 0);
}

/* Look at the members from `begin` to `end`, in room of `look_room` bytes. */
void NAME(look_at)(const task *t, const NAME(look) *look, int64_t begin, int64_t end, char *room) {
    task seen = *t;
    NAME(pass) p;
    int64_t each = look->count * t->members;
    NAME(lay_out)(&p, t, look->rows, room);
    p.task = &seen;
    NAME(count_rows)(&p);
    seen.layers = look->layers;
    for (int64_t member = begin; member < end; member++) {
        p.member = member;
        if (look->layers)
            NAME(turn)(&p, t->layer[0].inputs, (const REAL *)look->inputs + member * look->input_member,
                    p.x);
        for (int64_t i = 0; i < look->count; i++) {
            int64_t row = look->rows_of_block[i];
            const REAL *after = (const REAL *)look->after + row * t->size;
            const REAL *before = row ? after - t->size : look->before;
            float *columns = look->columns + i * t->members + member;
            for (int64_t k = 0; k < t->parameters; k++) {
                const parameter *part = &t->parameter[k];
                int64_t start = part->offset + member * part->count;
                double norm = NAME(exact_norm)(part->count, after + start, 0);
                double moved = NAME(exact_norm)(part->count, after + start, before + start);
                columns[k * each] = (float)norm;
                /* What did not move has the ratio 0, also where it is nothing but zeros. */
                columns[(t->parameters + k) * each] = moved == 0 ? 0 : (float)(moved / norm);
            }
            /* Read alone: what is measured while nothing learns writes no weight. */
            seen.weights = (void *)after;
            if (look->layers) NAME(forward)(&p, -1);
            for (int64_t k = 0; k < look->layers; k++) {
                double shares[2];
                if (look->dead[k] < 0 && look->saturated[k] < 0) continue;
                NAME(idle_units)(&p, &t->layer[k], &p.layer[k], look->most[k], shares);
                if (look->dead[k] >= 0) columns[look->dead[k] * each] = (float)shares[0];
                if (look->saturated[k] >= 0) columns[look->saturated[k] * each] = (float)shares[1];
            }
        }
    }
}

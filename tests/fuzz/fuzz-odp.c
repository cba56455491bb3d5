/* fuzz-odp.c - libFuzzer target: a datapath flow in text, `KEY;ACTIONS`.  What is understood prints
 * as a text that is understood as well, and prints the same; but headers whose protocol is not
 * matched are lost with each round, until there are no more. */
#include <string.h>

#include "lib/dp/action.h"
#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"

static const struct dp_format formats[] = {
    {.kernel = false},
    {.kernel = true, .ip6_exthdr = true, .upcall_pid = UINT32_MAX},
};

#define ROUNDS 5 /* EtherType, protocol, type of ICMP; one to see that nothing changes. */

static void fail(const struct text *a, const char *b, const char *error)
{
    fuzz_expect(
        xasprintf("%s\nreads as\n%s\n%s", text_cstr(a), b, error ? error : "something else"));
}

static void check_key(struct key key, struct key mask, bool verbose, const struct dp_format *f)
{
    char *last = xstrdup("");
    bool same = false;

    for (unsigned i = 0; !same && i < ROUNDS; i++) {
        struct text t = TEXT_INIT;
        dp_format_key(&key, &mask, verbose, f, &t);
        same = !strcmp(text_cstr(&t), last);
        char *error = dp_flow_parse(text_cstr(&t), NULL, NULL, &key, &mask);
        if (error || (!same && i == ROUNDS - 1)) {
            fail(&t, last, error);
        }
        free(last);
        last = text_steal(&t);
    }
    free(last);
}

static void check_actions(const struct dp_actions *l, const struct dp_format *f)
{
    struct text first = TEXT_INIT, second = TEXT_INIT;
    struct dp_actions again = DP_ACTIONS_INIT;

    dp_format_actions(l->data, l->len, f, &first);
    char *error = dp_actions_parse(text_cstr(&first), NULL, NULL, &again);
    dp_format_actions(again.data, again.len, f, &second);
    if (error || strcmp(text_cstr(&first), text_cstr(&second))) {
        fail(&first, text_cstr(&second), error);
    }
    dp_actions_deinit(&again);
    text_deinit(&first);
    text_deinit(&second);
}

static void run(char *text)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    char *actions = strchr(text, ';'), *error;
    struct key key, mask;

    if (actions) {
        *actions++ = '\0';
        error = dp_actions_parse(actions, NULL, NULL, &l);
        if (!error) {
            fuzz_expect(dp_actions_check(l.data, l.len) ? NULL : xstrdup("a malformed list"));
            check_actions(&l, &formats[0]);
            check_actions(&l, &formats[1]);
        }
        free(error);
        dp_actions_deinit(&l);
    }
    error = dp_flow_parse(text, NULL, NULL, &key, &mask);
    for (unsigned i = 0; !error && i < 4; i++) {
        check_key(key, mask, i & 1, &formats[i / 2]);
    }
    free(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xzalloc(size + 1);

    memcpy(text, data, size);
    if (strlen(text) == size) {
        run(text);
    }
    free(text);
    return 0;
}

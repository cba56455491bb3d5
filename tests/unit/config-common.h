/* config-common.h - what the tests of the configuration share: transactions written with ' for ",
 * and their results as text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "vswitchd/config.h"

static struct loop *loop;
static struct config *config;

/* The result of a transaction as text, UUIDs replaced by <0>, <1>... in order of appearance. */
struct outcome {
    char *text;
    bool done;
};

static char *without_uuids(const char *s)
{
    struct text t = TEXT_INIT;
    char seen[64][UUID_TEXT_LEN + 1];
    size_t n = 0;

    while (*s) {
        char word[UUID_TEXT_LEN + 1];
        struct uuid uuid;
        snprintf(word, sizeof word, "%s", s);
        if (!uuid_parse(word, &uuid)) {
            text_putc(&t, *s++);
            continue;
        }
        size_t i = 0;
        while (i < n && strcmp(seen[i], word)) {
            i++;
        }
        if (i == n && n < ARRAY_SIZE(seen)) {
            memcpy(seen[n++], word, sizeof word);
        }
        text_printf(&t, "<%zu>", i);
        s += UUID_TEXT_LEN;
    }
    return text_steal(&t);
}

static void on_done(void *o_, json_t *result, json_t *error)
{
    struct outcome *o = o_;
    char *s = json_dumps(result ? result : error, JSON_COMPACT | JSON_SORT_KEYS);
    assert_false(o->done);
    o->done = true;
    o->text = without_uuids(s);
    free(s);
}

/* Operations without the brackets and the database's name; ' stands for ". */
static char *transact(const char *ops)
{
    struct outcome o = {.text = NULL};
    char *s = xasprintf("['Open_vSwitch',%s]", ops);
    for (char *p = s; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json_error_t where;
    json_t *params = json_loads(s, 0, &where);
    if (!params) {
        fail_msg("%s: %s", s, where.text);
    }
    config_transact(config, params, on_done, &o);
    json_decref(params);
    free(s);
    for (int i = 0; i < 100 && !o.done; i++) {
        loop_turn(loop, 20);
    }
    assert_true(o.done);
    return o.text;
}

static int close_config(void **state)
{
    (void)state;
    config_close(config);
    config = NULL;
    return 0;
}

#define ADD_BR(NAME)                                                                            \
    "{'op':'insert','table':'Interface','row':{'name':'" NAME "'},'uuid-name':'i" NAME "'},"    \
    "{'op':'insert','table':'Port','row':{'name':'" NAME "','interfaces':['named-uuid','i" NAME \
    "']},'uuid-name':'p" NAME "'},"                                                             \
    "{'op':'insert','table':'Bridge','row':{'name':'" NAME "','ports':['named-uuid','p" NAME    \
    "']},'uuid-name':'b" NAME "'},"                                                             \
    "{'op':'mutate','table':'Open_vSwitch','where':[],'mutations':[['bridges','insert',"        \
    "['named-uuid','b" NAME "']]]}"
#define NAMES(TABLE) "{'op':'select','table':'" TABLE "','where':[],'columns':['name']}"

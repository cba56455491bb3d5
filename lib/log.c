/* log.c - see log.h.  Owner: the process; one mutex around the destinations, none on the way of a
 * message that no destination wants. */
#include "lib/log.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

static const char *const level_names[LL_N] = {"off", "emer", "err", "warn", "info", "dbg"};
static const char *const dest_names[LD_N] = {"syslog", "console", "file"};
static const int syslog_levels[LL_N] = {7, 2, 3, 4, 6, 7};
static const char *const default_patterns[LD_N] = {
    [LD_SYSLOG] = "sluice|%05N|%c%T|%p|%m",
    [LD_CONSOLE] = "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m",
    [LD_FILE] = "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m",
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct log_module *modules;
static char *patterns[LD_N];
static const char *program = "sluice";
static char *file_path;
static FILE *file;
static unsigned n_messages;
static int facility = LOG_DAEMON;
static bool syslog_open;

static const char *pattern_of(enum log_dest d)
{
    return patterns[d] ? patterns[d] : default_patterns[d];
}

void log_register(struct log_module *m)
{
    /* Only the file is on by default after a --log-file; syslog and console at info and warn. */
    for (struct log_module *o = modules; o; o = o->next) {
        if (!strcmp(o->name, m->name)) {
            memcpy(m->levels, o->levels, sizeof m->levels);
        }
    }
    m->next = modules;
    modules = m;
}

void log_set_program(const char *name)
{
    program = name;
}

const char *log_program(void)
{
    return program;
}

static void put_time(struct text *t, const char *fmt, bool utc)
{
    struct timespec ts;
    struct tm tm;
    char buf[128];

    clock_gettime(CLOCK_REALTIME, &ts);
    if (utc) {
        gmtime_r(&ts.tv_sec, &tm);
    } else {
        localtime_r(&ts.tv_sec, &tm);
    }
    strftime(buf, sizeof buf, fmt, &tm);
    /* Each '#' is one more digit of the second's fraction. */
    char digits[10];
    snprintf(digits, sizeof digits, "%09ld", ts.tv_nsec);
    int i = 0;
    for (char *p = buf; *p; p++) {
        if (*p == '#' && i < 9) {
            *p = digits[i++];
        }
    }
    text_puts(t, buf);
}

static void put_token(struct text *t, char c, const char *arg, struct log_module *m,
                      enum log_level l, const char *msg)
{
    switch (c) {
    case 'A':
        text_puts(t, program);
        break;
    case 'c':
        text_puts(t, m->name);
        break;
    case 'd':
    case 'D':
        put_time(t, *arg ? arg : "%Y-%m-%d %H:%M:%S", c == 'D');
        break;
    case 'm':
        text_puts(t, msg);
        break;
    case 'n':
        text_putc(t, '\n');
        break;
    case 'N':
        text_printf(t, "%u", n_messages);
        break;
    case 'p': {
        for (const char *s = level_names[l]; *s; s++) {
            text_putc(t, (char)toupper((unsigned char)*s));
        }
        break;
    }
    case 'P':
        text_printf(t, "%ld", (long)getpid());
        break;
    case 't':
    case 'T': {
        char name[16] = "";
        pthread_getname_np(pthread_self(), name, sizeof name);
        bool is_main = getpid() == gettid();
        if (c == 't') {
            text_puts(t, is_main ? "main" : name);
        } else if (!is_main) {
            text_printf(t, "(%s)", name);
        }
        break;
    }
    case '%':
        text_putc(t, '%');
        break;
    default:
        text_printf(t, "%%%c", c);
        break;
    }
}

static void put_pattern(struct text *t, const char *p, struct log_module *m, enum log_level l,
                        const char *msg)
{
    while (*p) {
        if (*p != '%' || !p[1]) {
            text_putc(t, *p++);
            continue;
        }
        p++;
        bool left = *p == '-';
        p += left;
        char pad = *p == '0' ? '0' : ' ';
        size_t width = 0;
        while (isdigit((unsigned char)*p)) {
            width = width * 10 + (size_t)(*p++ - '0');
        }
        char c = *p ? *p++ : '%';
        char arg[100] = "";
        const char *close = *p == '{' ? strchr(p, '}') : NULL;
        if (close) {
            snprintf(arg, sizeof arg, "%.*s", (int)(close - p - 1), p + 1);
            p = close + 1;
        }
        struct text one = TEXT_INIT;
        put_token(&one, c, arg, m, l, msg);
        for (size_t n = one.len; !left && n < MIN(width, 100); n++) {
            text_putc(t, pad);
        }
        text_puts(t, text_cstr(&one));
        for (size_t n = one.len; left && n < MIN(width, 100); n++) {
            text_putc(t, ' ');
        }
        text_deinit(&one);
    }
}

static bool rate_allows(struct log_module *m, struct log_rate *r, unsigned *suppressed)
{
    struct timespec ts;

    *suppressed = 0;
    if (!r || m->no_rate_limit) {
        return true;
    }
    clock_gettime(CLOCK_MONOTONIC, &ts);
    int64_t now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    if (r->last_ms) {
        int64_t gained = (now - r->last_ms) * r->per_minute / 60000;
        if (gained > 0) {
            r->tokens = (uint32_t)MIN((int64_t)r->burst, r->tokens + gained);
            r->last_ms = now;
        }
    } else {
        r->last_ms = now;
    }
    if (!r->tokens) {
        r->n_suppressed++;
        return false;
    }
    r->tokens--;
    *suppressed = r->n_suppressed;
    r->n_suppressed = 0;
    return true;
}

static void emit(struct log_module *m, enum log_level l, const char *msg)
{
    n_messages++;
    for (int d = 0; d < LD_N; d++) {
        if (m->levels[d] < l || (d == LD_FILE && !file) || (d == LD_SYSLOG && !syslog_open)) {
            continue;
        }
        struct text t = TEXT_INIT;
        put_pattern(&t, pattern_of((enum log_dest)d), m, l, msg);
        if (d == LD_SYSLOG) {
            syslog(facility | syslog_levels[l], "%s", text_cstr(&t));
        } else {
            FILE *f = d == LD_FILE ? file : stderr;
            fprintf(f, "%s\n", text_cstr(&t));
            fflush(f);
        }
        text_deinit(&t);
    }
}

void log_write(struct log_module *m, enum log_level l, struct log_rate *r, const char *fmt, ...)
{
    int saved_errno = errno;
    unsigned suppressed;

    pthread_mutex_lock(&mutex);
    if (rate_allows(m, r, &suppressed)) {
        struct text t = TEXT_INIT;
        va_list ap;
        va_start(ap, fmt);
        text_vprintf(&t, fmt, ap);
        va_end(ap);
        if (suppressed) {
            text_printf(&t, " (%u similar messages were suppressed before this one)", suppressed);
        }
        emit(m, l, text_cstr(&t));
        text_deinit(&t);
    }
    pthread_mutex_unlock(&mutex);
    errno = saved_errno;
}

static int by_name(const char *const names[], int n, const char *s)
{
    for (int i = 0; i < n; i++) {
        if (!strcasecmp(names[i], s)) {
            return i;
        }
    }
    return -1;
}

static void set_levels(const char *module, int dest, int level)
{
    for (struct log_module *m = modules; m; m = m->next) {
        if (module && strcasecmp(m->name, module)) {
            continue;
        }
        for (int d = 0; d < LD_N; d++) {
            if (dest < 0 || dest == d) {
                m->levels[d] = (uint8_t)level;
            }
        }
        m->max_level = MAX(MAX(m->levels[0], m->levels[1]), m->levels[2]);
    }
}

static bool module_exists(const char *name)
{
    for (struct log_module *m = modules; m; m = m->next) {
        if (!strcasecmp(m->name, name)) {
            return true;
        }
    }
    return false;
}

static char *set_pattern(char *spec)
{
    char *colon = strchr(spec, ':');
    if (!colon) {
        return xasprintf("missing destination and pattern");
    }
    *colon = '\0';
    int dest = by_name(dest_names, LD_N, spec);
    if (dest < 0 && strcasecmp(spec, "any")) {
        return xasprintf("unknown destination \"%s\"", spec);
    }
    for (int d = 0; d < LD_N; d++) {
        if (dest < 0 || dest == d) {
            free(patterns[d]);
            patterns[d] = xstrdup(colon + 1);
        }
    }
    return NULL;
}

static char *set_facility(const char *name)
{
    static const struct {
        const char *name;
        int value;
    } all[] = {{"auth", LOG_AUTH},     {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
               {"ftp", LOG_FTP},       {"kern", LOG_KERN},     {"lpr", LOG_LPR},
               {"mail", LOG_MAIL},     {"news", LOG_NEWS},     {"syslog", LOG_SYSLOG},
               {"user", LOG_USER},     {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0},
               {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
               {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
               {"local7", LOG_LOCAL7}};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if (!strcasecmp(all[i].name, name)) {
            facility = all[i].value;
            return NULL;
        }
    }
    return xasprintf("invalid facility \"%s\"", name);
}

static char *set_words(char *spec)
{
    const char *module = NULL;
    int dest = -1, level = -1;

    for (char *save, *w = strtok_r(spec, " ,:", &save); w; w = strtok_r(NULL, " ,:", &save)) {
        int d = by_name(dest_names, LD_N, w), l = by_name(level_names, LL_N, w);
        if (d >= 0) {
            dest = d;
        } else if (l >= 0) {
            level = l;
        } else if (module_exists(w)) {
            module = w;
        } else if (strcasecmp(w, "any")) {
            return xasprintf("no destination, level, or module \"%s\"", w);
        }
    }
    set_levels(module, dest, level < 0 ? LL_DBG : level);
    return NULL;
}

char *log_set(const char *spec)
{
    char *copy = xstrdup(spec), *error;

    pthread_mutex_lock(&mutex);
    if (!strncasecmp(copy, "PATTERN:", 8)) {
        error = set_pattern(copy + 8);
    } else if (!strncasecmp(copy, "FACILITY:", 9)) {
        error = set_facility(copy + 9);
    } else {
        error = set_words(copy);
    }
    pthread_mutex_unlock(&mutex);
    free(copy);
    return error;
}

char *log_open_file(const char *path)
{
    FILE *f = fopen(path, "ae");
    if (!f) {
        return xasprintf("%s: cannot open log file (%s)", path, strerror(errno));
    }
    pthread_mutex_lock(&mutex);
    if (file) {
        fclose(file);
    }
    file = f;
    if (path != file_path) {
        free(file_path);
        file_path = xstrdup(path);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

void log_reopen_file(void)
{
    if (file_path) {
        free(log_open_file(file_path));
    }
}

void log_close_file(void)
{
    pthread_mutex_lock(&mutex);
    if (file) {
        fclose(file);
        file = NULL;
    }
    pthread_mutex_unlock(&mutex);
}

const char *log_file_path(void)
{
    return file_path;
}

void log_open_syslog(void)
{
    openlog(program, LOG_NDELAY, facility);
    syslog_open = true;
}

static int compare_modules(const void *a, const void *b)
{
    struct log_module *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

void log_list(struct text *t)
{
    const struct log_module *all[256];
    size_t n = 0;

    for (struct log_module *m = modules; m && n < ARRAY_SIZE(all); m = m->next) {
        bool seen = false;
        for (size_t i = 0; i < n; i++) {
            seen |= !strcmp(all[i]->name, m->name);
        }
        if (!seen) {
            all[n++] = m;
        }
    }
    qsort(all, n, sizeof all[0], compare_modules);
    text_puts(t, "                 console    syslog    file\n"
                 "                 -------    ------    ------\n");
    for (size_t i = 0; i < n; i++) {
        const char *lv[LD_N];
        char upper[LD_N][8];
        for (int d = 0; d < LD_N; d++) {
            lv[d] = level_names[all[i]->levels[d]];
            for (size_t k = 0; k <= strlen(lv[d]); k++) {
                upper[d][k] = (char)toupper((unsigned char)lv[d][k]);
            }
        }
        text_printf(t, "%-16s  %4s       %4s       %4s%s\n", all[i]->name, upper[LD_CONSOLE],
                    upper[LD_SYSLOG], upper[LD_FILE],
                    all[i]->no_rate_limit ? "    (rate limiting disabled)" : "");
    }
}

void log_list_patterns(struct text *t)
{
    text_puts(t, "         format\n         ------\n");
    for (int d = 0; d < LD_N; d++) {
        text_printf(t, "%-7s  %s\n", dest_names[d], pattern_of((enum log_dest)d));
    }
}

char *log_rate_limit(const char *module, bool on)
{
    if (module && !module_exists(module)) {
        return xasprintf("unknown module \"%s\"", module);
    }
    for (struct log_module *m = modules; m; m = m->next) {
        if (!module || !strcasecmp(m->name, module)) {
            m->no_rate_limit = !on;
        }
    }
    return NULL;
}

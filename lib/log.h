/* log.h - logging with levels per module and destination.
 *
 * Layer 0, any thread.  A file that logs says LOG_MODULE(name) once.  A message says what failed,
 * on what, why, and what to do.  Whatever a peer can trigger uses the _rl forms, which share a
 * token bucket per call site and count what they suppress. */
#pragma once

#include "lib/base.h"
#include "lib/text.h"

enum log_level { LL_OFF, LL_EMER, LL_ERR, LL_WARN, LL_INFO, LL_DBG, LL_N };
enum log_dest { LD_SYSLOG, LD_CONSOLE, LD_FILE, LD_N };

struct log_module {
    const char *name;
    struct log_module *next; /* List of all modules, made by constructors. */
    uint8_t levels[LD_N];    /* enum log_level */
    uint8_t max_level;       /* The highest of 'levels'. */
    bool no_rate_limit;
};

struct log_rate {
    uint32_t per_minute, burst; /* Configuration. */
    uint32_t tokens;
    int64_t last_ms;
    unsigned n_suppressed;
};

void log_register(struct log_module *);
#define LOG_MODULE(NAME)                                                               \
    static struct log_module this_log_module = {.name = #NAME,                         \
                                                .levels = {LL_INFO, LL_INFO, LL_INFO}, \
                                                .max_level = LL_INFO};                 \
    __attribute__((__constructor__)) static void log_register_this(void)               \
    {                                                                                  \
        log_register(&this_log_module);                                                \
    }                                                                                  \
    extern int log_module_needs_semicolon

void log_write(struct log_module *, enum log_level, struct log_rate *, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#define LOG_AT(LEVEL, RATE, ...)                                   \
    do {                                                           \
        if (UNLIKELY(this_log_module.max_level >= (LEVEL))) {      \
            log_write(&this_log_module, LEVEL, RATE, __VA_ARGS__); \
        }                                                          \
    } while (0)
#define LOG_RL(LEVEL, ...)                                                                \
    do {                                                                                  \
        static struct log_rate log_rate_ = {.per_minute = 60, .burst = 20, .tokens = 20}; \
        LOG_AT(LEVEL, &log_rate_, __VA_ARGS__);                                           \
    } while (0)
#define log_emer(...)    LOG_AT(LL_EMER, NULL, __VA_ARGS__)
#define log_err(...)     LOG_AT(LL_ERR, NULL, __VA_ARGS__)
#define log_warn(...)    LOG_AT(LL_WARN, NULL, __VA_ARGS__)
#define log_info(...)    LOG_AT(LL_INFO, NULL, __VA_ARGS__)
#define log_dbg(...)     LOG_AT(LL_DBG, NULL, __VA_ARGS__)
#define log_err_rl(...)  LOG_RL(LL_ERR, __VA_ARGS__)
#define log_warn_rl(...) LOG_RL(LL_WARN, __VA_ARGS__)
#define log_info_rl(...) LOG_RL(LL_INFO, __VA_ARGS__)
#define log_dbg_rl(...)  LOG_RL(LL_DBG, __VA_ARGS__)

/* The program's name ("sluice-vswitchd") for patterns and for error lines; set first in main(). */
void log_set_program(const char *name);
const char *log_program(void);
/* `[MODULE][:DEST][:LEVEL]`, `PATTERN:DEST:TEXT`, `FACILITY:NAME` as -v and vlog/set take it.
 * NULL, or a heap string that says what is wrong. */
char *log_set(const char *spec) MUST_USE;
/* Opens (appends) the log file; NULL, or a heap string that says why not. */
char *log_open_file(const char *path) MUST_USE;
void log_reopen_file(void);
void log_close_file(void);
const char *log_file_path(void);
void log_open_syslog(void);   /* The daemon, once. */
void log_list(struct text *); /* The table of vlog/list. */
void log_list_patterns(struct text *);
/* Module NULL = all; switches the rate limits of the _rl forms. */
char *log_rate_limit(const char *module, bool on) MUST_USE;

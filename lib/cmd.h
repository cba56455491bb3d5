/* cmd.h - command lines from tables: options, subcommands, help.
 *
 * Layer 0; single-threaded programs, the utilities.  A program describes itself in a struct
 * cmd_program; options and commands that all utilities share (--help, --version, --rundir, -v,
 * --log-file, -t, list-commands, help) are added.  What is wrong with a command line is said in one
 * line on standard error, exit status 1. */
#pragma once

#include "lib/base.h"

enum cmd_arg { CMD_ARG_NONE, CMD_ARG_REQUIRED, CMD_ARG_OPTIONAL };

struct cmd_option {
    const char *name; /* Long form, without the dashes. */
    char letter;      /* Short form, or 0. */
    enum cmd_arg arg;
    const char *metavar; /* For help; NULL without argument. */
    const char *help;    /* One line; NULL: not listed. */
    void (*set)(void *aux, const char *arg /* NULL if absent */);
};

#define CMD_NO_MAX INT32_MAX

struct cmd {
    const char *name;
    const char *usage; /* "SWITCH [FLOW]" */
    int min_args, max_args;
    void (*run)(int argc, char *argv[], void *aux); /* argv[0] is the command; argc counts it. */
    const char *help;                               /* One line; NULL: hidden. */
    bool writes;                                    /* Changes something: refused by --read-only. */
};

struct cmd_program {
    const char *synopsis;     /* "manages OpenFlow switches" */
    const char *version_note; /* A second line of --version, or NULL. */
    const struct cmd *commands;
    size_t n_commands;
    const struct cmd_option *options;
    size_t n_options;
    bool permute; /* Options may follow the command's words. */
};

/* Sets the program's name for logs and errors and the options; gives the index of the first word
 * that is not one (at the end of argv, which is permuted). */
int cmd_options(const struct cmd_program *, int argc, char *argv[], void *aux);
/* Runs the command that argv[0] names; returns if it does. */
void cmd_run(const struct cmd_program *, int argc, char *argv[], bool read_only, void *aux);
/* Ends the program from anywhere in a command; what was printed is written out. */
void cmd_exit(int status) NORETURN;
/* `PROGRAM: TEXT` on standard error, exit status 1. */
void cmd_fatal(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN;
/* The same with a heap text, which it frees, if there is one. */
void cmd_check(char *error);

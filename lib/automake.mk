noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = \
	lib/base.h \
	lib/boot.c lib/boot.h \
	lib/cmd.c lib/cmd.h \
	lib/counter.c lib/counter.h lib/counters.def \
	lib/daemon.c lib/daemon.h \
	lib/thread.c lib/thread.h \
	lib/dirs.c lib/dirs.h \
	lib/env.c lib/env.h \
	lib/hash.c lib/hash.h \
	lib/hmap.c lib/hmap.h \
	lib/lazy.c lib/lazy.h \
	lib/log.c lib/log.h \
	lib/mem.c lib/mem.h \
	lib/rate.c lib/rate.h \
	lib/ring.c lib/ring.h \
	lib/text.c lib/text.h lib/text_parse.c \
	lib/uuid.c lib/uuid.h \
	lib/wire.c lib/wire.h
if THREAD_SANITIZER
lib_libbase_a_SOURCES += lib/tsan.c
AM_LDFLAGS += -Wl,--wrap=urcu_qsbr_quiescent_state,--wrap=urcu_qsbr_thread_offline,--wrap=urcu_qsbr_synchronize_rcu
AM_LDFLAGS += -Wl,--wrap=urcu_qsbr_unregister_thread,--wrap=urcu_qsbr_barrier,--wrap=urcu_qsbr_call_rcu
endif
EXTRA_DIST += lib/tsan.c

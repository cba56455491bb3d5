noinst_LTLIBRARIES += lib/io/libio.la
lib_io_libio_la_SOURCES =

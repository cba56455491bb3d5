/* samples.h - every list of SAMPLE() rows that the unit tests have; a new list is a line here. */
#include "tests/unit/msg-samples.def"

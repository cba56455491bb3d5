/* samples.h - MESSAGE(name, hex, gen_want, error) of every list of messages that the unit tests
 * have; a new list is a line here.  Some lists undefine what they use. */
#define SAMPLE(NAME, HEX, TEXT)     MESSAGE(#NAME, HEX, WANT_ANY, OK)
#define BAD(NAME, HEX, ERROR)       MESSAGE(#NAME, HEX, WANT_ERROR, ERROR)
#define OTHER(NAME, HEX, CANONICAL) MESSAGE(#NAME, HEX, WANT_OK, OK)
#define REFUSED(ERROR, HEX)         MESSAGE("refused", HEX, WANT_ERROR, ERROR)
#define PRINTED(AGAIN, HEX, TEXT)   MESSAGE("printed " #AGAIN, HEX, WANT_OF_##AGAIN, OK)
#define WANT_OF_SAME                WANT_SAME
#define WANT_OF_OTHER               WANT_OK
#define WANT_OF_NOTHING             WANT_ANY
#include "tests/unit/msg-samples.def"
#include "tests/unit/switch-samples.def"
#include "tests/unit/flow-msg-prints.def"
#include "tests/unit/group-samples.def"
#undef SAMPLE
#define SAMPLE(NAME, HEX, TEXT) MESSAGE(#NAME, HEX, WANT_ANY, OK)
#include "tests/unit/meter-samples.def"
#undef SAMPLE
#undef BAD
#undef OTHER
#undef REFUSED
#undef PRINTED

#include "record/tally.h"

void tally_add(struct tally *to, const struct tally *what)
{
	to->rows += what->rows;
	to->acked += what->acked;
	to->dead += what->dead;
	to->skipped += what->skipped;
	to->ignored += what->ignored;
}

#include "agent/cmd_rules.h"
int cmd_rules_import(struct rules_options *o)
{
	(void)o;
	return 0;
}

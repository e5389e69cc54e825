/*
 * fill.h - the addresses of a complaint that are missing in its row, from the fields that hold them
 * (fill-addresses).
 *
 * A feedback report (RFC 5965) is logged without orig or rcpt by many configurations.  The fields
 * that name the recipient, the surest first: header_X-HmXmrOriginalRecipient (Microsoft's JMRP,
 * until June 2026), arf_Original-Rcpt-To (RFC 5965, 3.2), header_To.  Mailbox providers mask
 * recipients; a masked address names nobody, so it is never taken.
 */
#ifndef RECORD_FILL_H
#define RECORD_FILL_H

#include <stdbool.h>

#include "base/slice.h"
#include "record/record.h"

struct fill {
	bool on;
	/*
	 * Addresses, or "@domain", that receive the reports: fbl-addresses.  PowerMTA may log the
	 * report's own recipient as orig (User's Guide, 12.7), which is not the sender of the mail.
	 */
	struct strlist reported_to;
};

/* Pieces of the record's fields; empty: nothing to fill in. */
struct filled {
	struct slice orig; /* it replaces the field, if that is not empty */
	struct slice rcpt;
};

/* Empty for records that are no complaint. */
struct filled fill_addresses(const struct fill *fill, const struct record *rec);

/* Returns the address of the person who complained, from whichever field has it; or empty. */
struct slice fill_complainer(const struct record *rec);

/* Returns the bare address of "Doe, John" <john@example.com>, empty when there is none. */
struct slice fill_address(struct slice value);

/*
 * Returns how many recipients the list names, whole and not masked, and the first of them.  One
 * that is there twice counts once.
 */
size_t fill_recipients(struct slice list, struct slice *ret);

#endif

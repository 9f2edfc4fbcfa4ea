// SPDX-License-Identifier: GPL-2.0-only
/* The table of descriptor kinds.  Order matters on dump: the first that matches wins. */
#include "files/kind.h"

#include <stddef.h>

/* clang-format off */
const struct file_kind *const file_kinds[] = {
	/* The first to check: what is in queues can be a file of any kind. */
	&file_kind_unix,
	/* By the whole text of the link; the next one takes all others inside the kernel. */
	&file_kind_eventfd,
	&file_kind_epoll,
	&file_kind_timerfd,
	&file_kind_signalfd,
	&file_kind_pidfd,
	&file_kind_inotify,
	&file_kind_fanotify,
	&file_kind_ns,
	&file_kind_inet,
	&file_kind_netlink,
	&file_kind_unsupported,
	&file_kind_pipe,
	&file_kind_fifo,
	&file_kind_tty,
	&file_kind_memfd,
	&file_kind_regular,
	NULL,
};
/* clang-format on */

const struct file_kind *file_kind_of_probe(const struct fd_probe *p)
{
	for (size_t i = 0; file_kinds[i]; i++)
		if (file_kinds[i]->matches(p))
			return file_kinds[i];
	/* Row by row the table of unsupported kinds says why; what nobody knows has a text there too. */
	return &file_kind_unsupported;
}

const struct file_kind *file_kind_of_type(FdTypes type)
{
	for (size_t i = 0; file_kinds[i]; i++)
		if (file_kinds[i]->type == type && file_kinds[i]->open)
			return file_kinds[i];
	return NULL;
}

const char *file_type_name(FdTypes type)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&fd_types__descriptor,
									   type);

	return v ? v->name : "unknown";
}

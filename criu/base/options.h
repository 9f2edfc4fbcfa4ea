/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

/*
 * What the user asked for.  Filled by cli/ (a row of cli/options.c for each member), then const.
 * Meanings and defaults are CRIU 4.2's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum command {
	CMD_NONE,
	CMD_DUMP,
	CMD_RESTORE,
	CMD_CHECK,
	CMD_VERIFY,
	CMD_SHOW,
	CMD_PRE_DUMP,
	CMD_DEDUP,
	CMD_CHAIN,
	CMD_SQUASH,
	CMD_TRACK,
};

/* --tracker: how changed pages are found; the numbers are places in the row's list of words. */
enum tracker_choice {
	TRACKER_AUTO,
	TRACKER_SOFT_DIRTY,
	TRACKER_UFFD_WP,
	TRACKER_NONE,
	TRACKER_BOTH
};

/* What happens to the tree after a dump or restore. */
enum final_state { FINAL_DEFAULT, FINAL_RUNNING, FINAL_STOPPED };

/* --inherit-fd fd[N]:KEY */
struct inherit_fd {
	int fd;
	const char *key;
};

struct string_list {
	const char **items;
	size_t nr;
};

struct options {
	enum command command;

	pid_t tree;		/* -t, host pid */
	const char *images_dir; /* -D */
	const char *work_dir;	/* -W; NULL: images_dir */
	const char *log_file;	/* -o; NULL: stderr */
	int verbosity;		/* -v */
	enum final_state final; /* -R, -s */
	bool detach;		/* -d */
	bool restore_sibling;	/* -S */
	const char *pidfile;
	const char *const *exec_cmd; /* NULL-terminated argv of --exec-cmd, or NULL */
	unsigned int timeout_s;	     /* 0: none */
	bool shell_job;		     /* -j */
	bool link_remap;
	bool evasive_devices;
	uint64_t ghost_limit; /* bytes */
	bool skip_file_rwx_check;
	bool file_validation_build_id; /* else by size only */
	bool file_locks;	       /* else a set with locks is refused */
	bool tcp_established;	       /* accepted; no effect until connections are dumped */
	bool tcp_close;		       /* connections come back as closed sockets */
	bool skip_in_flight;	       /* connections that wait to be accepted are dropped */
	bool ext_unix_sk;	       /* likewise */
	const char *root;	       /* -r */
	const char *freeze_cgroup;
	struct string_list external; /* --external, whole texts */
	const struct inherit_fd *inherit_fds;
	size_t nr_inherit_fds;
	struct string_list action_scripts; /* in the order given; run last first */
	bool display_stats;
	int status_fd;	  /* -1: none */
	bool exit_status; /* foreground restore passes the root task's status on */

	/* Incremental dumps. */
	bool track_mem;		     /* after a dump: note which pages change from now on */
	const char *prev_images_dir; /* relative to images_dir; NULL: none */
	bool auto_dedup;
	bool pre_dump_read; /* --pre-dump-mode=read, else splice */
	enum tracker_choice tracker;
	unsigned int until_frozen_ms; /* pre-dump in a loop; 0: once */
	unsigned int max_iterations;
	const char *html;	       /* chain: page to write; NULL: text on standard output */
	const char *output_dir;	       /* squash */
	bool track_status, track_stop; /* track */

	struct string_list features; /* check --feature */
	bool check_extra, check_experimental;

	bool json; /* show --json */

	const char *stop_before; /* step at which the tool kills itself: tests of rollback */
	const char *stop_after;
	const char *fail_at; /* step that does nothing and fails */

	bool plan; /* restore --plan: say what would be done */

	/* Looked at by cli/ only. */
	struct string_list log_rooms; /* --log ROOM=LEVEL */
	struct string_list configs;   /* --config; the last one counts */
	bool no_default_config;
	int close_fd; /* --close; -1: none */
};

#endif

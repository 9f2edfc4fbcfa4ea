// SPDX-License-Identifier: GPL-2.0-only
#include "cli/options.h"

#include <limits.h>

/*
 * Names, letters, arguments and defaults are CRIU 4.2's, so that scripts written for it keep working.  An
 * option is refused (.not_yet) rather than ignored, unless it only says what to do with things whose
 * presence ends the operation anyway (.no_effect).
 */

#define AT(member) .offset = offsetof(struct options, member)

static const char *const file_validation_words[] = { "filesize", "buildid", NULL };
static const char *const network_lock_words[] = { "iptables", "nftables", "skip", "none", NULL };
static const char *const manage_cgroups_words[] = { "ignore", NULL };
static const char *const pre_dump_mode_words[] = { "splice", "read", NULL };
static const char *const tracker_words[] = { "auto", "soft-dirty", "uffd-wp", "none", "both", NULL };

#define PAGES_LATER "pages go to the image directory, and come from there, only"
#define MOUNTS_LATER "mount namespaces cannot be dumped or restored"
#define NET_LATER "network namespaces cannot be dumped or restored"
#define CGROUP_LATER "tasks are restored into the cgroup of the tool"
#define TCP_REFUSED "TCP connections are refused by name, unless --tcp-close is given"

/* clang-format off */
const struct option_row option_rows[] = {
	/* Generic */
	{ "tree", 't', OPT_PID, GROUP_GENERIC, IN_DUMPS | IN_TRACK, AT(tree), .arg = "PID", .min = 1, .max = INT_MAX,
	  .help = "dump the process PID and everything below it" },
	{ "images-dir", 'D', OPT_DIR, GROUP_GENERIC, IN_ALL, AT(images_dir), .arg = "DIR", .fallback = ".",
	  .help = "keep the images in DIR, which must exist" },
	{ "work-dir", 'W', OPT_DIR, GROUP_GENERIC, IN_ALL, AT(work_dir), .arg = "DIR",
	  .help = "change to DIR: logs, statistics and pid files are relative to it (default: the image"
		  " directory)" },
	{ "leave-stopped", 's', OPT_FINAL, GROUP_GENERIC, IN_BOTH, AT(final), .value = FINAL_STOPPED,
	  .help = "leave the tasks stopped, after a dump as after a restore" },
	{ "leave-running", 'R', OPT_FINAL, GROUP_GENERIC, IN_DUMP, AT(final), .value = FINAL_RUNNING,
	  .help = "let the tasks run on after the dump instead of killing them" },
	{ "restore-detached", 'd', OPT_BOOL, GROUP_GENERIC, IN_RESTORE, AT(detach), .is_negatable = true,
	  .help = "end when the tree runs; else wait until all of it has ended" },
	{ "restore-sibling", 'S', OPT_BOOL, GROUP_GENERIC, IN_RESTORE, AT(restore_sibling),
	  .is_negatable = true,
	  .help = "make the root task a sibling of the tool, a child of its parent (only with -d)" },
	{ "daemon", 0, OPT_BOOL, GROUP_GENERIC, IN_RESTORE, AT(detach), .is_negatable = true,
	  .help = "the same as --restore-detached" },
	{ "pidfile", 0, OPT_FILE, GROUP_GENERIC, IN_RESTORE, AT(pidfile), .arg = "FILE",
	  .help = "write the pid of the root task into FILE, which must not exist" },
	{ "exec-cmd", 0, OPT_EXEC, GROUP_GENERIC, IN_RESTORE, .is_command_line_only = true,
	  .help = "after the restore execute the command behind --, as parent of the root task" },
	{ "exit-status", 0, OPT_BOOL, GROUP_GENERIC, IN_RESTORE, AT(exit_status), .is_negatable = true,
	  .help = "when waiting for the tree, end with the exit status of its root task" },
	{ "config", 0, OPT_FILE_LIST, GROUP_GENERIC, IN_ALL, AT(configs), .arg = "FILE",
	  .is_command_line_only = true,
	  .help = "read options from FILE instead of the two default configuration files" },
	{ "no-default-config", 0, OPT_BOOL, GROUP_GENERIC, IN_ALL, AT(no_default_config),
	  .is_command_line_only = true, .help = "do not read the default configuration files" },
	{ "timeout", 0, OPT_UINT, GROUP_GENERIC, IN_DUMPS, AT(timeout_s), .arg = "SECONDS",
	  .fallback = "10", .max = INT_MAX / 1000,
	  .help = "give up when the tree is not stopped after so many seconds; 0 waits forever" },
	{ "close", 0, OPT_FD, GROUP_GENERIC, IN_ALL, AT(close_fd), .arg = "FD", .max = INT_MAX,
	  .help = "close descriptor FD of the tool at start" },
	{ "deprecated", 0, OPT_BOOL, GROUP_GENERIC, IN_ALL, .is_negatable = true,
	  .help = "allow deprecated features", .no_effect = "no feature is deprecated" },
	{ "help", 'h', OPT_HELP, GROUP_GENERIC, IN_ALL, .is_command_line_only = true,
	  .help = "print this help and end" },
	{ "version", 'V', OPT_VERSION, GROUP_GENERIC, IN_ALL, .is_command_line_only = true,
	  .help = "print the version and end" },
	{ "unprivileged", 0, OPT_BOOL, GROUP_GENERIC, IN_ALL, .is_negatable = true,
	  .help = "run without being root", .not_yet = "run it as root" },
	{ "libdir", 'L', OPT_DIR, GROUP_GENERIC, IN_BOTH, .arg = "DIR",
	  .help = "load plugins from DIR", .not_yet = "there are no plugins" },
	{ "stream", 0, OPT_BOOL, GROUP_GENERIC, IN_BOTH, .is_negatable = true,
	  .help = "pass the images through an image streamer", .not_yet = PAGES_LATER },
	{ "cpu-cap", 0, OPT_TEXT, GROUP_GENERIC, IN_BOTH, .arg = "LIST", .is_optional = true,
	  .help = "write or check the listed CPU capabilities",
	  .not_yet = "the extended state of each thread is always compared with what this CPU has" },
	{ "ms", 0, OPT_BOOL, GROUP_GENERIC, 0, .help = "an old name of check --ms",
	  .not_yet = "CRIU itself has it no more" },

	/* Logging */
	{ "log-file", 'o', OPT_FILE, GROUP_LOG, IN_ALL & ~IN_SQUASH, AT(log_file), .arg = "FILE",
	  .help = "log into FILE in the work directory; - is standard output (default: standard error)" },
	{ "verbosity", 'v', OPT_VERBOSITY, GROUP_LOG, IN_ALL, AT(verbosity), .arg = "LEVEL",
	  .is_optional = true, .max = 4, .fallback = "2",
	  .help = "log more: 1 errors, 2 warnings, 3 what is done, 4 everything; -v adds one" },
	{ "log", 0, OPT_LIST, GROUP_LOG, IN_ALL, AT(log_rooms), .arg = "ROOM=LEVEL",
	  .help = "give one part of the tool its own level, as in mem=debug" },
	{ "display-stats", 0, OPT_BOOL, GROUP_LOG, IN_BOTH | IN_PRE_DUMP, AT(display_stats), .is_negatable = true,
	  .help = "print the statistics at the end" },
	{ "status-fd", 0, OPT_FD, GROUP_LOG, IN_RESTORE, AT(status_fd), .arg = "FD", .max = INT_MAX,
	  .help = "write one NUL byte to descriptor FD and close it when the tree runs" },
	{ "log-pid", 0, OPT_BOOL, GROUP_LOG, IN_BOTH, .is_negatable = true,
	  .help = "log for each task in a file of its own", .not_yet = "each line names its process" },

	/* What may be dumped */
	{ "shell-job", 'j', OPT_BOOL, GROUP_WHAT, IN_BOTH, AT(shell_job),
	  .help = "accept a session and a terminal from outside the tree; restore on the current"
		  " terminal" },
	{ "link-remap", 0, OPT_BOOL, GROUP_WHAT, IN_DUMP, AT(link_remap), .is_negatable = true,
	  .help = "link deleted files that still have other names to a temporary name" },
	{ "ghost-limit", 0, OPT_SIZE, GROUP_WHAT, IN_DUMP, AT(ghost_limit), .arg = "SIZE",
	  .fallback = "1M", .help = "largest deleted file that is put into the images; K, M and G may"
				    " follow the number" },
	{ "ghost-fiemap", 0, OPT_BOOL, GROUP_WHAT, IN_DUMP, .is_negatable = true,
	  .help = "find holes of deleted files by fiemap",
	  .no_effect = "holes are kept, however they are found" },
	{ "evasive-devices", 0, OPT_BOOL, GROUP_WHAT, IN_DUMP, AT(evasive_devices), .is_negatable = true,
	  .help = "where a device has lost its name, take what has the name now if it is the same"
		  " device" },
	{ "file-validation", 0, OPT_WORD, GROUP_WHAT, IN_BOTH, AT(file_validation_build_id),
	  .arg = "METHOD", .words = file_validation_words, .value = 1, .fallback = "buildid",
	  .help = "how to know that a file is still the same one: buildid (and size) or filesize" },
	{ "skip-file-rwx-check", 0, OPT_BOOL, GROUP_WHAT, IN_RESTORE, AT(skip_file_rwx_check),
	  .is_negatable = true, .help = "do not compare the permissions of files with those dumped" },
	{ "file-locks", 'l', OPT_BOOL, GROUP_WHAT, IN_BOTH, AT(file_locks),
	  .help = "dump and restore file locks: flock, POSIX, OFD, leases" },
	{ "tcp-established", 0, OPT_BOOL, GROUP_WHAT, IN_BOTH, AT(tcp_established), .is_negatable = true,
	  .help = "keep TCP connections", .no_effect = TCP_REFUSED },
	{ "tcp-close", 0, OPT_BOOL, GROUP_WHAT, IN_BOTH, AT(tcp_close), .is_negatable = true,
	  .help = "do not keep TCP connections: their sockets come back as closed ones" },
	{ "skip-in-flight", 0, OPT_BOOL, GROUP_WHAT, IN_DUMP, AT(skip_in_flight), .is_negatable = true,
	  .help = "drop TCP connections that wait to be accepted" },
	{ "ext-unix-sk", 'x', OPT_PEERS, GROUP_WHAT, IN_BOTH, AT(ext_unix_sk), .arg = "INODE,...",
	  .is_optional = true,
	  .help = "connect datagram sockets anew whose peer is outside of the tree; or those "
		  "connected to these sockets" },
	{ "network-lock", 0, OPT_WORD, GROUP_WHAT, IN_BOTH, .arg = "METHOD", .words = network_lock_words,
	  .help = "how to block traffic meanwhile: iptables, nftables, skip or none",
	  .no_effect = "without connections there is no traffic to block" },
	{ "force-irmap", 0, OPT_BOOL, GROUP_WHAT, IN_DUMP, .is_negatable = true,
	  .help = "find watched files by scanning", .not_yet = "inotify and fanotify are refused" },
	{ "irmap-scan-path", 0, OPT_DIR, GROUP_WHAT, IN_DUMP, .arg = "PATH",
	  .help = "scan PATH too for watched files", .not_yet = "inotify and fanotify are refused" },
	{ "allow-uprobes", 0, OPT_BOOL, GROUP_WHAT, IN_BOTH, .is_negatable = true,
	  .help = "leave uprobes areas out", .not_yet = "remove the probe before the dump" },
	{ "weak-sysctls", 0, OPT_BOOL, GROUP_WHAT, IN_RESTORE, .is_negatable = true,
	  .help = "leave out sysctls that this host lacks", .not_yet = NET_LATER },

	/* Memory */
	{ "track-mem", 0, OPT_BOOL, GROUP_MEMORY, IN_DUMPS, AT(track_mem), .is_negatable = true,
	  .help = "note which pages change from now on, for the next dump; a pre-dump always does" },
	{ "prev-images-dir", 0, OPT_DIR, GROUP_MEMORY, IN_DUMPS, AT(prev_images_dir), .arg = "PATH",
	  .help = "leave out pages that did not change since the images in PATH (seen from the image"
		  " directory) were written" },
	{ "tracker", 0, OPT_ENUM, GROUP_MEMORY, IN_DUMPS, AT(tracker), .arg = "HOW", .words = tracker_words,
	  .fallback = "auto",
	  .help = "how changed pages are found: soft-dirty (bits in the page tables), uffd-wp (write"
		  " protection by userfaultfd), none (every page counts as changed), both (the first two, to"
		  " compare them), or auto, the first that this kernel has" },
	{ "auto-dedup", 0, OPT_BOOL, GROUP_MEMORY, IN_DUMPS | IN_RESTORE, AT(auto_dedup), .is_negatable = true,
	  .help = "dump: remove pages from older images when this set has them anew; restore: remove all"
		  " pages from the images when the tree runs" },
	{ "pre-dump-mode", 0, OPT_WORD, GROUP_MEMORY, IN_PRE_DUMP, AT(pre_dump_read), .arg = "MODE",
	  .words = pre_dump_mode_words, .value = 1, .fallback = "splice",
	  .help = "how a pre-dump copies pages: splice (all of them) or read (without areas"
		  " that the task itself cannot read)" },
	{ "until-frozen", 0, OPT_UINT, GROUP_MEMORY, IN_PRE_DUMP, AT(until_frozen_ms), .arg = "MS", .min = 1,
	  .max = INT_MAX,
	  .help = "repeat the pre-dump, into directories 1, 2 and so on of the image directory, until the"
		  " last dump would stop the tree for less than MS milliseconds, or until that no longer"
		  " shrinks" },
	{ "max-iterations", 0, OPT_UINT, GROUP_MEMORY, IN_PRE_DUMP, AT(max_iterations), .arg = "N", .min = 1,
	  .max = 1000, .fallback = "16", .help = "at most N pre-dumps with --until-frozen" },
	{ "html", 0, OPT_FILE, GROUP_MEMORY, IN_CHAIN, AT(html), .arg = "FILE",
	  .help = "chain: write a page with pictures into FILE" },
	{ "output", 'o', OPT_DIR, GROUP_MEMORY, IN_SQUASH, AT(output_dir), .arg = "DIR",
	  .help = "squash: write the one set into DIR, which is made if it is not there" },
	{ "status", 0, OPT_BOOL, GROUP_MEMORY, IN_TRACK, AT(track_status),
	  .help = "track: print which tasks are tracked, and how" },
	{ "stop", 0, OPT_BOOL, GROUP_MEMORY, IN_TRACK, AT(track_stop),
	  .help = "track: end it, of the tree -t or of all; the next dump is a whole one" },
	{ "page-server", 0, OPT_BOOL, GROUP_MEMORY, IN_DUMP, .is_negatable = true,
	  .help = "send pages to a page server", .not_yet = PAGES_LATER },
	{ "lazy-pages", 0, OPT_BOOL, GROUP_MEMORY, IN_BOTH,
	  .help = "bring pages when they are first used", .not_yet = PAGES_LATER },
	{ "address", 0, OPT_TEXT, GROUP_MEMORY, IN_BOTH, .arg = "ADDR",
	  .help = "address of the page server", .not_yet = PAGES_LATER },
	{ "port", 0, OPT_UINT, GROUP_MEMORY, IN_BOTH, .arg = "PORT", .max = 65535,
	  .help = "port of the page server", .not_yet = PAGES_LATER },
	{ "ps-socket", 0, OPT_FD, GROUP_MEMORY, IN_BOTH, .arg = "FD",
	  .help = "a socket connected with the page server", .not_yet = PAGES_LATER },
	{ "tls", 0, OPT_BOOL, GROUP_MEMORY, IN_BOTH, .is_negatable = true,
	  .help = "encrypt page traffic", .not_yet = PAGES_LATER },
	{ "tls-cacert", 0, OPT_FILE, GROUP_MEMORY, IN_BOTH, .arg = "FILE",
	  .help = "certificate of the authority", .not_yet = PAGES_LATER },
	{ "tls-cacrl", 0, OPT_FILE, GROUP_MEMORY, IN_BOTH, .arg = "FILE",
	  .help = "revocation list of the authority", .not_yet = PAGES_LATER },
	{ "tls-cert", 0, OPT_FILE, GROUP_MEMORY, IN_BOTH, .arg = "FILE",
	  .help = "own certificate", .not_yet = PAGES_LATER },
	{ "tls-key", 0, OPT_FILE, GROUP_MEMORY, IN_BOTH, .arg = "FILE",
	  .help = "own private key", .not_yet = PAGES_LATER },
	{ "tls-no-cn-verify", 0, OPT_BOOL, GROUP_MEMORY, IN_BOTH, .is_negatable = true,
	  .help = "do not compare the server's name", .not_yet = PAGES_LATER },

	/* Things outside of the tree, namespaces, mounts */
	{ "external", 0, OPT_EXTERNAL, GROUP_OUTSIDE, IN_BOTH, AT(external), .arg = "RESOURCE",
	  .help = "leave the resource out, it comes from outside: file[MNT:INODE] or tty[RDEV:DEV],"
		  " numbers in hex, or pipe:[INODE]" },
	{ "inherit-fd", 0, OPT_INHERIT, GROUP_OUTSIDE, IN_RESTORE, .arg = "fd[N]:KEY",
	  .help = "take the tool's descriptor N where KEY was open: a path without the leading slash,"
		  " file[...], tty[...], pipe:[INODE]" },
	{ "root", 'r', OPT_DIR, GROUP_OUTSIDE, IN_RESTORE, AT(root), .arg = "PATH",
	  .help = "the root directory that restored tasks see; must be a mount point",
	  .no_effect = "only a restored mount namespace has a root of its own" },
	{ "ext-mount-map", 'M', OPT_TEXT, GROUP_OUTSIDE, IN_BOTH, .arg = "KEY:VALUE",
	  .help = "an older form of --external mnt", .not_yet = MOUNTS_LATER },
	{ "enable-external-sharing", 0, OPT_BOOL, GROUP_OUTSIDE, IN_BOTH,
	  .help = "accept mounts shared with the outside", .not_yet = MOUNTS_LATER },
	{ "enable-external-masters", 0, OPT_BOOL, GROUP_OUTSIDE, IN_BOTH,
	  .help = "accept slave mounts of the outside", .not_yet = MOUNTS_LATER },
	{ "skip-mnt", 0, OPT_TEXT, GROUP_OUTSIDE, IN_DUMP, .arg = "PATH",
	  .help = "leave a mount point out", .not_yet = MOUNTS_LATER },
	{ "enable-fs", 0, OPT_TEXT, GROUP_OUTSIDE, IN_DUMP, .arg = "NAME,...",
	  .help = "treat unknown file systems as plain ones", .not_yet = MOUNTS_LATER },
	{ "mntns-compat-mode", 0, OPT_BOOL, GROUP_OUTSIDE, IN_RESTORE, .is_negatable = true,
	  .help = "use the older way of making mounts", .not_yet = MOUNTS_LATER },
	{ "empty-ns", 0, OPT_TEXT, GROUP_OUTSIDE, IN_BOTH, .arg = "net",
	  .help = "make the namespace but leave it empty", .not_yet = NET_LATER },
	{ "join-ns", 'J', OPT_TEXT, GROUP_OUTSIDE, IN_RESTORE, .arg = "NS:PID|FILE",
	  .help = "restore into an existing namespace",
	  .not_yet = "enter the namespace with nsenter(1) and restore there" },
	{ "veth-pair", 0, OPT_TEXT, GROUP_OUTSIDE, IN_BOTH, .arg = "IN=OUT",
	  .help = "the name of the outer end of a veth", .not_yet = NET_LATER },
	{ "lsm-profile", 0, OPT_TEXT, GROUP_OUTSIDE, IN_RESTORE, .arg = "TYPE:NAME",
	  .help = "security profile of the restored tasks",
	  .not_yet = "profiles are neither dumped nor restored" },
	{ "lsm-mount-context", 0, OPT_TEXT, GROUP_OUTSIDE, IN_RESTORE, .arg = "CONTEXT",
	  .help = "replace the SELinux context of mounts", .not_yet = MOUNTS_LATER },

	/* Cgroups */
	{ "freeze-cgroup", 0, OPT_DIR, GROUP_CGROUP, IN_DUMPS, AT(freeze_cgroup), .arg = "PATH",
	  .help = "stop the tree with the freezer of the cgroup at PATH (v1 or v2)" },
	{ "manage-cgroups", 0, OPT_WORD, GROUP_CGROUP, IN_BOTH, .arg = "MODE",
	  .words = manage_cgroups_words, .is_optional = true,
	  .help = "what to do about cgroups; only ignore is supported yet", .no_effect = CGROUP_LATER },
	{ "cgroup-root", 0, OPT_TEXT, GROUP_CGROUP, IN_BOTH, .arg = "[CTL:]PATH",
	  .help = "the cgroup below which everything is saved or restored", .not_yet = CGROUP_LATER },
	{ "cgroup-props", 0, OPT_TEXT, GROUP_CGROUP, IN_DUMP, .arg = "TEXT",
	  .help = "which properties to save", .not_yet = CGROUP_LATER },
	{ "cgroup-props-file", 0, OPT_FILE, GROUP_CGROUP, IN_DUMP, .arg = "FILE",
	  .help = "which properties to save, from a file", .not_yet = CGROUP_LATER },
	{ "cgroup-dump-controller", 0, OPT_TEXT, GROUP_CGROUP, IN_DUMP, .arg = "NAME",
	  .help = "save the properties of this controller only", .not_yet = CGROUP_LATER },
	{ "cgroup-yard", 0, OPT_DIR, GROUP_CGROUP, IN_BOTH, .arg = "PATH",
	  .help = "a directory with the hierarchies mounted", .not_yet = CGROUP_LATER },

	/* Scripts */
	{ "action-script", 0, OPT_PROGRAM, GROUP_SCRIPTS, IN_BOTH, AT(action_scripts), .arg = "FILE",
	  .help = "execute FILE at each stage; may be given more than once, the last one runs first" },

	/* check */
	{ "feature", 0, OPT_LIST, GROUP_CHECK, IN_CHECK, AT(features), .arg = "NAME",
	  .help = "test this feature only; may be given more than once" },
	{ "extra", 0, OPT_BOOL, GROUP_CHECK, IN_CHECK, AT(check_extra), .is_negatable = true,
	  .help = "test features that not every tree needs, too" },
	{ "experimental", 0, OPT_BOOL, GROUP_CHECK, IN_CHECK, AT(check_experimental), .is_negatable = true,
	  .help = "test features that are not in use yet, too" },
	{ "all", 0, OPT_ALL_CHECKS, GROUP_CHECK, IN_CHECK, .help = "both of them" },

	/* show */
	{ "json", 0, OPT_BOOL, GROUP_SHOW, IN_SHOW, AT(json), .is_negatable = true,
	  .help = "print JSON instead of text" },

	/* Tests and curiosity */
	{ "plan", 0, OPT_BOOL, GROUP_TESTS, IN_RESTORE, AT(plan), .is_negatable = true,
	  .help = "check everything, say what would be restored, and make nothing" },
	{ "stop-before", 0, OPT_TEXT, GROUP_TESTS, IN_BOTH | IN_PRE_DUMP, AT(stop_before), .arg = "STEP",
	  .help = "kill the tool before this step, to see that the tree survives" },
	{ "stop-after", 0, OPT_TEXT, GROUP_TESTS, IN_BOTH | IN_PRE_DUMP, AT(stop_after), .arg = "STEP",
	  .help = "kill the tool after this step" },
	{ "fail-at", 0, OPT_TEXT, GROUP_TESTS, IN_BOTH | IN_PRE_DUMP, AT(fail_at), .arg = "STEP",
	  .help = "fail instead of doing this step, to see that all is taken back" },
};
/* clang-format on */

const size_t nr_option_rows = sizeof(option_rows) / sizeof(option_rows[0]);

/* clang-format off */
const struct command_row command_rows[] = {
	{ "dump", CMD_DUMP, .usage = "-t PID [-D DIR] [OPTIONS]",
	  .help = "stop a tree of processes, write it into images, then kill it, or with -R let it run on" },
	{ "pre-dump", CMD_PRE_DUMP, .usage = "-t PID [-D DIR] [--prev-images-dir PATH] [OPTIONS]",
	  .help = "save the memory while the tasks run on; the next dump writes what changed since" },
	{ "restore", CMD_RESTORE, .usage = "[-D DIR] [OPTIONS] [--exec-cmd -- COMMAND...]",
	  .help = "make the tree again from its images" },
	{ "check", CMD_CHECK, .usage = "[--feature NAME] [--extra] [--all]",
	  .help = "try out what this kernel, these capabilities and this machine can do" },
	{ "verify", CMD_VERIFY, .operand = "DIR", .usage = "[DIR]",
	  .help = "compare the images in DIR with their checksums" },
	{ "show", CMD_SHOW, .operand = "DIR", .usage = "[DIR] [--json]",
	  .help = "print the images in DIR in readable form" },
	{ "chain", CMD_CHAIN, .operand = "DIR", .usage = "[DIR] [--html FILE]",
	  .help = "list the incremental dumps that DIR is made of: sizes, times, where pages are" },
	{ "squash", CMD_SQUASH, .operand = "DIR", .usage = "[DIR] -o OUT",
	  .help = "make one full set of DIR and its parents" },
	{ "dedup", CMD_DEDUP, .usage = "[-D DIR]",
	  .help = "remove from the parents the pages that DIR has anew" },
	{ "track", CMD_TRACK, .usage = "--status | --stop [-t PID]",
	  .help = "show or end the tracking of changed pages between incremental dumps" },
	{ "swrk", .help = "serve one RPC conversation",
	  .not_yet = "use the commands dump and restore: nothing is served over RPC" },
	{ "service", .help = "serve RPC on a socket",
	  .not_yet = "use the commands dump and restore: nothing is served over RPC" },
	{ "page-server", .help = "receive pages over the network",
	  .not_yet = "copy the image directory: " PAGES_LATER },
	{ "lazy-pages", .help = "feed a lazy restore", .not_yet = "use restore: " PAGES_LATER },
	{ "cpuinfo", .help = "write or compare CPU features",
	  .not_yet = "use restore --plan: the state of each thread is compared with what this CPU has" },
	{ "exec", .help = "execute a system call in a task",
	  .not_yet = "use a debugger: CRIU itself has this command no more", .refusal_status = 255 },
};
/* clang-format on */

const size_t nr_command_rows = sizeof(command_rows) / sizeof(command_rows[0]);

const char *const option_group_titles[NR_OPTION_GROUPS] = {
	[GROUP_GENERIC] = "Generic",
	[GROUP_LOG] = "Log and statistics",
	[GROUP_WHAT] = "What may be dumped",
	[GROUP_MEMORY] = "Memory",
	[GROUP_OUTSIDE] = "Things outside of the tree",
	[GROUP_CGROUP] = "Cgroups",
	[GROUP_SCRIPTS] = "Action scripts",
	[GROUP_CHECK] = "check",
	[GROUP_SHOW] = "show",
	[GROUP_TESTS] = "Tests and curiosity",
};

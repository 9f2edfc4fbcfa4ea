// SPDX-License-Identifier: GPL-2.0-only
#include "flow/scripts.h"

/*
 * A script is a child like any other: it gets the tool's standard descriptors, the default signal
 * dispositions and an empty signal mask, and every other descriptor of the tool is close-on-exec.
 * The image directory is passed as /proc/PID/fd/N of the tool, as CRIU does.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

enum stage_policy { ENDS_OPERATION, BECOMES_STATUS, ONLY_LOGGED, IGNORED };

static const struct {
	const char *name;
	enum stage_policy policy;
} stages[] = {
	[SCRIPT_PRE_DUMP] = { "pre-dump", ENDS_OPERATION },
	[SCRIPT_NETWORK_LOCK] = { "network-lock", ENDS_OPERATION },
	[SCRIPT_POST_DUMP] = { "post-dump", BECOMES_STATUS },
	[SCRIPT_NETWORK_UNLOCK] = { "network-unlock", IGNORED },
	[SCRIPT_PRE_RESTORE] = { "pre-restore", ENDS_OPERATION },
	[SCRIPT_SETUP_NAMESPACES] = { "setup-namespaces", ENDS_OPERATION },
	[SCRIPT_POST_SETUP_NAMESPACES] = { "post-setup-namespaces", ENDS_OPERATION },
	[SCRIPT_POST_RESTORE] = { "post-restore", ENDS_OPERATION },
	[SCRIPT_PRE_RESUME] = { "pre-resume", ONLY_LOGGED },
	[SCRIPT_POST_RESUME] = { "post-resume", ONLY_LOGGED },
};

enum { STATUS_NOT_STARTED = 127, STATUS_SIGNAL_BASE = 128 };

/* The variables scripts look at; put in front of a copy of the tool's own environment. */
struct script_env {
	char action[64];
	char image_dir[64];
	char init_pid[48];
	char **vars; /* NULL-terminated, heap; the strings are lent */
};

static bool is_ours(const char *var)
{
	return !strncmp(var, "CRTOOLS_SCRIPT_ACTION=", 22) ||
	       !strncmp(var, "CRTOOLS_IMAGE_DIR=", 18) || !strncmp(var, "CRTOOLS_INIT_PID=", 17);
}

static struct err *script_env_init(struct script_env *env, const char *stage, int images_fd,
				   pid_t root_pid)
{
	size_t nr = 0, pos = 0;

	while (environ[nr])
		nr++;
	env->vars = calloc(nr + 4, sizeof(*env->vars));
	if (!env->vars)
		return err_sys(ENOMEM, "cannot start action scripts");

	snprintf(env->action, sizeof(env->action), "CRTOOLS_SCRIPT_ACTION=%s", stage);
	snprintf(env->image_dir, sizeof(env->image_dir), "CRTOOLS_IMAGE_DIR=/proc/%jd/fd/%d",
		 (intmax_t)getpid(), images_fd);
	snprintf(env->init_pid, sizeof(env->init_pid), "CRTOOLS_INIT_PID=%jd", (intmax_t)root_pid);
	env->vars[pos++] = env->action;
	if (images_fd >= 0)
		env->vars[pos++] = env->image_dir;
	if (root_pid > 0)
		env->vars[pos++] = env->init_pid;
	for (size_t i = 0; i < nr; i++)
		if (!is_ours(environ[i]))
			env->vars[pos++] = environ[i];
	return NULL;
}

static void script_env_fini(struct script_env *env)
{
	free(env->vars);
}

/* Starts @path and waits for it; its status as a shell says it. */
static int script_run(const char *path, char *const env[])
{
	char *const argv[] = { (char *)path, NULL };
	posix_spawnattr_t attr;
	sigset_t none, all;
	int status, err;
	pid_t pid;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(&pid, path, NULL, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	if (err) {
		log_error("flow", 0, "cannot start action script \"%s\": %s", path, strerror(err));
		return STATUS_NOT_STARTED;
	}

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_NOT_STARTED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL_BASE + WTERMSIG(status);
}

/* All run, also after one that did not end with 0: a later one may undo what an earlier one did. */
static int scripts_run_all(const struct options *opts, char *const env[], const char **loser_out)
{
	int first = 0;

	for (size_t i = opts->action_scripts.nr; i-- > 0;) {
		const char *path = opts->action_scripts.items[i];
		int status = script_run(path, env);

		log_info("flow", 0, "action script \"%s\": status=%d", path, status);
		if (status && !first) {
			first = status;
			*loser_out = path;
		}
	}
	return first;
}

struct err *scripts_run(const struct options *opts, enum script_stage stage, int images_fd,
			pid_t root_pid, int *status_out)
{
	struct script_env env = { .vars = NULL };
	const char *loser = NULL;
	int status;

	if (status_out)
		*status_out = 0;
	if (!opts->action_scripts.nr)
		return NULL;
	TRY(script_env_init(&env, stages[stage].name, images_fd, root_pid));
	log_info("flow", root_pid, "running action scripts: stage=%s", stages[stage].name);
	status = scripts_run_all(opts, env.vars, &loser);
	script_env_fini(&env);

	if (status_out)
		*status_out = status;
	if (!status || stages[stage].policy == IGNORED)
		return NULL;
	if (stages[stage].policy != ENDS_OPERATION) {
		log_warn("flow", root_pid, "action script \"%s\" ended with %d: stage=%s", loser,
			 status, stages[stage].name);
		return NULL;
	}
	return err_hint(
		err_new(ERR_USAGE, "action script \"%s\" ended stage %s with status %d", loser,
			stages[stage].name, status),
		"look at what the script printed; it must end with 0 for the operation to go on");
}

struct err *scripts_check(const struct options *opts)
{
	struct err *all = NULL;

	for (size_t i = 0; i < opts->action_scripts.nr; i++) {
		const char *path = opts->action_scripts.items[i];
		struct err *e;

		if (access(path, X_OK) == 0)
			continue;
		e = err_new(ERR_USAGE, "cannot execute action script \"%s\": %s", path,
			    strerror(errno));
		all = err_join(all,
			       err_hint(e, "name an executable file, best with its whole path"));
	}
	return all;
}

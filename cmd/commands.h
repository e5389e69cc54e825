/*
 * commands.h - the subcommands, one file each; for cmd/ only.  argv[0] is the subcommand's name;
 * each returns the exit status: see cli/cli.h.
 */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_directives(int argc, char **argv);
int cmd_parse(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_dead(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_drain(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_reconcile(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_archives(int argc, char **argv);
int cmd_import_sincedb(int argc, char **argv);
int cmd_import_logstash(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_rules(int argc, char **argv);

#endif

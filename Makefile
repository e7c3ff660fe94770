# Each script in scripts/ is a command: `make up` runs scripts/up.sh, and so on.
# A variable given on the line (`make up PORT=9090`) reaches the script through its environment.
COMMANDS := $(patsubst scripts/%.sh,%,$(wildcard scripts/*.sh))

.DEFAULT_GOAL := help
.PHONY: help $(COMMANDS)

$(COMMANDS):
	@scripts/$@.sh

help:
	@for command in $(COMMANDS); do \
		printf 'make %-12s %s\n' "$$command" "$$(sed -n '2s/^# //p' "scripts/$$command.sh")"; \
	done

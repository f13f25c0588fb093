package cli

import (
	"strings"
	"testing"
)

func TestRedisCLIOf(t *testing.T) {
	for line, want := range map[string]string{
		"kvctl serve":                             "redis-cli SET",
		"/usr/bin/kvctl serve --dir state":        "redis-cli SET",
		"kvctl --dir state serve --addr :7000":    "redis-cli -p 7000 SET",
		"kvctl serve --addr=127.0.0.1:7000":       "redis-cli -p 7000 SET",
		"kvctl serve --addr [::1]:7000":           "redis-cli -p 7000 SET",
		"kvctl serve --addr 127.0.0.1:0":          "redis-cli SET",
		"kvctl serve --addr 0.0.0.0:6379":         "redis-cli SET",
		"kvctl serve --addr 10.0.0.7:7000":        "redis-cli -h 10.0.0.7 -p 7000 SET",
		"kvctl serve --addr db.example:6379":      "redis-cli -h db.example SET",
		"kvctl serve --addr 10.0.0.7:7000;reboot": "redis-cli -h 10.0.0.7 -p '7000;reboot' SET",
		"kvctl serve --addr":                      "redis-cli SET",
		"kvctl import --dir state -":              "",
		"myprogram serve":                         "",
		"":                                        "",
	} {
		got := redisCLIOf(strings.Fields(line))
		if want == "" && got != "" || want != "" && !strings.HasPrefix(got, want+" ") {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := redisCLI(0); got != "" {
		t.Errorf("no process: %q", got)
	}
}

package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// redisCLI is how to talk to the process that has a store open when that is a
// kvctl serve, "" for any other and where the system does not tell.
func redisCLI(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // Linux
	if err != nil {
		return ""
	}
	return redisCLIOf(strings.Split(strings.TrimRight(string(b), "\x00"), "\x00"))
}

// redisCLIOf is redisCLI for a command line. Of the address only the port and a
// host that is not this one are of use; without --addr it may be in the process's
// environment, which is nobody else's business.
func redisCLIOf(args []string) string {
	serves, addr := false, ""
	for i, a := range args {
		switch {
		case i == 0 && !strings.HasPrefix(filepath.Base(a), "kvctl"):
			return ""
		case a == "serve":
			serves = true
		case a == "--addr" && i+1 < len(args):
			addr = args[i+1]
		case strings.HasPrefix(a, "--addr="):
			addr = strings.TrimPrefix(a, "--addr=")
		}
	}
	if !serves {
		return ""
	}
	cmd := "redis-cli"
	if host, port, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); host != "" && host != "localhost" && (ip == nil || !ip.IsLoopback() && !ip.IsUnspecified()) {
			cmd += " -h " + ShellQuote(host)
		}
		if port != "0" && port != "6379" {
			cmd += " -p " + ShellQuote(port)
		}
	}
	return cmd + " SET mykey myval   # it serves Redis clients"
}

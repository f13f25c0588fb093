package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/cli"
)

// certificate makes one for 127.0.0.1, signed by itself, and writes it to a file.
func certificate(t *testing.T, dir string) (cert, key string, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, b := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return cert, key, pair
}

// A Redis behind TLS that wants a certificate of its clients.
func TestMoveOverTLS(t *testing.T) {
	t.Parallel()
	a := startRedis(t)
	a.do("SET", "k", "v")
	dir := t.TempDir()
	cert, key, pair := certificate(t, dir)
	trusted := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(leaf)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: trusted, ClientAuth: tls.VerifyClientCertIfGiven})
	addr := forward(t, l, a.Addr, 1<<40, func() {})
	_, stderr := wantKvctl(t, dir, cli.ExitIO, "import", "--from-redis", "rediss://"+addr)
	if !strings.Contains(stderr, "certificate") {
		t.Error(stderr)
	}
	wantKvctl(t, dir, 0, "import", "--from-redis", "rediss://"+addr, "--redis-insecure")
	wantKvctl(t, dir, 0, "import", "--from-redis", "rediss://"+addr, "--redis-ca", cert)
	wantKvctl(t, dir, 0, "import", "--from-redis", addr, "--redis-tls", "--redis-ca", cert, "--redis-cert", cert, "--redis-key", key)
	wantKvctl(t, dir, cli.ExitUsage, "import", "--from-redis", addr, "--redis-tls", "--redis-cert", cert)
}

// Ctrl-C ends a copy in order, and says how to go on.
func TestMoveIsStopped(t *testing.T) {
	t.Parallel()
	a := startRedis(t)
	a.fill(3000)
	dir := t.TempDir()
	reached := make(chan struct{})
	var cmd *exec.Cmd
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	addr := forward(t, l, a.Addr, 5_000_000, func() {
		close(reached)
		<-stopped
	})
	cmd = exec.CommandContext(t.Context(), "kvctl", "import", "--from-redis", addr, "--redis-db", "0")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), cli.DirVariable+"=")
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Skip(err)
	}
	err = cmd.Wait()
	close(stopped)
	if code := cmd.ProcessState.ExitCode(); err == nil || code != cli.ExitInterrupted {
		t.Errorf("%v, code %d", err, code)
	}
	if !strings.Contains(out.String(), "--redis-db 0   # goes on") || !strings.Contains(out.String(), "written") {
		t.Error(out.String())
	}
	wantKvctl(t, dir, 0, "import", "--from-redis", a.Addr)
}

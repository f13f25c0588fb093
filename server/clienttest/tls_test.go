package clienttest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// certificate makes one for this machine, its own authority, and its files.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, b := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return cert, key, pool, pair
}

// TLS with a password and certificates of the clients: those who lack one of the
// two are refused, and large replies that are read slowly arrive whole.
func TestTLS(t *testing.T) {
	cert, key, pool, pair := certificate(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, t.TempDir(), "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", cert, "--password-file", secret)
	ctx := context.Background()
	client := func(password string, config *tls.Config) *redis.Client {
		r := redis.NewClient(&redis.Options{Addr: s.addr, Password: password, TLSConfig: config, MaxRetries: -1})
		t.Cleanup(func() { r.Close() })
		return r
	}
	good := client("hunter2", &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}})
	big := strings.Repeat("x", 8<<20)
	if err := good.Set(ctx, "big", big, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if v, err := good.Get(ctx, "big").Result(); err != nil || v != big {
		t.Fatal(len(v), err)
	}
	if err := client("wrong", &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}).Ping(ctx).Err(); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Error("a wrong password:", err)
	}
	if err := client("hunter2", &tls.Config{RootCAs: pool}).Ping(ctx).Err(); err == nil {
		t.Error("a client without a certificate is served")
	}
	if err := client("hunter2", nil).Ping(ctx).Err(); err == nil {
		t.Error("a client without TLS is served")
	}
	// A client that stops reading for a while: the server must not break what it
	// has begun to send.
	nc, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.Write([]byte("AUTH hunter2\r\n"))
	for range 4 {
		nc.Write([]byte("GET big\r\n"))
	}
	time.Sleep(500 * time.Millisecond) // longer than the server waits for a write before it looks again
	nc.Write([]byte("PING\r\n"))
	want := "+OK\r\n" + strings.Repeat("$8388608\r\n"+big+"\r\n", 4) + "+PONG\r\n"
	got := make([]byte, len(want))
	nc.SetReadDeadline(time.Now().Add(30 * time.Second))
	for n := 0; n < len(got); {
		m, err := nc.Read(got[n:])
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", n, len(want), err)
		}
		n += m
	}
	if string(got) != want {
		t.Error("the replies are not what was asked for")
	}
	s.terminate()
}

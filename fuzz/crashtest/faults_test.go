package crashtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

var history = append(crashtest.Ops(set("a", "1"), set("a", "2", "b", "2")),
	crashtest.Step[change]{Action: crashtest.Reopen},
	crashtest.Step[change]{Op: del("a")},
	crashtest.Step[change]{Action: crashtest.Kill},
	crashtest.Step[change]{Op: set("c", "3")})

func TestFaultsAtEveryCall(t *testing.T) {
	for name, sys := range map[string]crashtest.System[change]{"file": fileSystem{}, "log": logSystem{}} {
		t.Run(name, func(t *testing.T) {
			r := crashtest.Faults(t, sys, history, crashtest.CommonFaults(), crashtest.Options{})
			if r.Histories < 50 {
				t.Errorf("only %d faults hit", r.Histories)
			}
		})
	}
}

func TestASyncThatIsTriedAgainIsFoundByFaults(t *testing.T) {
	r := crashtest.FaultsAll(logSystem{retry: true}, history, crashtest.CommonFaults(), crashtest.Options{})
	if r.Verdict != crashtest.Lost {
		t.Fatalf("verdict %v", r)
	}
	t.Log(r.Failure)
}

// sealed is a file store with a checksum.
type sealed struct{ fileSystem }

type sealedStore struct{ fileStore }

func (s sealed) Open(fsys vfs.FS) (crashtest.Store[change], error) {
	st := &sealedStore{fileStore{fs: fsys, state: map[string]string{}}}
	b, err := readAll(fsys, "/state")
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err != nil {
		return nil, err
	}
	if len(b) < 8 || fmt.Sprintf("%08x", crc32.ChecksumIEEE(b[8:])) != string(b[:8]) {
		return nil, errors.New("the checksum does not match")
	}
	if err := json.Unmarshal(b[8:], &st.state); err != nil {
		return nil, err
	}
	return st, fsys.SyncDir("/")
}

func (s *sealedStore) Do(c change) error {
	next := maps.Clone(s.state)
	c.apply(next)
	b, _ := json.Marshal(next)
	if err := s.write(append(fmt.Appendf(nil, "%08x", crc32.ChecksumIEEE(b)), b...)); err != nil {
		return err
	}
	s.state = next
	return nil
}

func TestRotIsDetectedOrFound(t *testing.T) {
	if r := crashtest.Rot(t, sealed{}, history, crashtest.Options{}); r.Detected == 0 || r.Tried != r.Detected {
		t.Errorf("a checksum over everything: %v", r)
	}
	r := crashtest.RotAll(fileSystem{}, history, crashtest.Options{})
	if r.Failure == nil || r.Failure.Verdict != crashtest.Phantom && r.Failure.Verdict != crashtest.SilentCorruption {
		t.Fatalf("no checksum: %v %v", r, r.Failure)
	}
	t.Log(r.Failure)
	r = crashtest.RotAll(logSystem{}, history, crashtest.Options{})
	if r.Failure == nil || r.Failure.Verdict != crashtest.Lost {
		t.Fatalf("a log that ends silently at damage: %v %v", r, r.Failure)
	}
}

func TestADiskThatLies(t *testing.T) {
	lies := []crashfs.Fault{{On: crashfs.OpSyncs | crashfs.OpSyncDir, Do: crashfs.SyncLies, Times: crashfs.Forever}}
	r := crashtest.ExhaustAll(logSystem{}, alphabet, 2, nil, crashtest.Options{Faults: lies})
	if r.Verdict != crashtest.Lost {
		t.Errorf("nothing is lost on a disk that lies: %v", r)
	}
	r = crashtest.ExhaustAll(logSystem{}, alphabet, 2, nil, crashtest.Options{
		Faults: lies, MayLose: 100, MayRefuse: true, Loose: true,
	})
	if r.Verdict != crashtest.OK {
		t.Errorf("more than a prefix is lost: %v\n%v", r, r.Failure)
	}
}

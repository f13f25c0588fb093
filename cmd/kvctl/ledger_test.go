package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/cmd/kvctl/internal/gallery"
)

// lossJSON is what recover says, as a program reads it.
type lossJSON struct {
	Complete bool
	Entries  int
	LostKeys int `json:"lost_keys"`
	Totals   totalsJSON
	Kept     []rangeJSON
	Doubtful []rangeJSON
	Lost     []rangeJSON
	Unused   []rangeJSON
}

// Recover accounts for every commit, and the account is the writer's: the new
// store holds what the commits that it says are in it come to, no commit is in
// two lists, none that was begun is in no list, and none that was acknowledged
// is called unused or torn.
func TestRecoverAccountsForTheWritersCommits(t *testing.T) {
	for _, c := range gallery.Cases() {
		for _, mode := range []string{"", " --skip-corrupt", " --to 2"} {
			t.Run(c.Name+mode, func(t *testing.T) {
				s, ledger := memorySession(t, c)
				r := s.c.run(strings.Fields("recover store --output new -o json" + mode)...)
				if r.code > 1 {
					if c.Number != 18 && c.Number != 19 && !strings.Contains(c.Name, "wrong-directory") {
						t.Fatalf("exit code %d: %s", r.code, r.stderr)
					}
					return // refused as a whole: nothing is claimed
				}
				var loss lossJSON
				if err := json.Unmarshal([]byte(r.stdout), &loss); err != nil {
					t.Fatal(err)
				}
				if (r.code == 0) != loss.Complete {
					t.Errorf("exit code %d, complete: %v", r.code, loss.Complete)
				}
				checkAccount(t, ledger, &loss)
				if mode == "" {
					checkPrefix(t, ledger, &loss)
				}
				checkContents(t, s, ledger, &loss)
			})
		}
	}
}

// fates says in which list each commit of the writer is.
func fates(loss *lossJSON) func(lsn uint64) (list string, r rangeJSON) {
	return func(lsn uint64) (list string, r rangeJSON) {
		for name, ranges := range map[string][]rangeJSON{
			"kept": loss.Kept, "doubtful": loss.Doubtful, "lost": loss.Lost, "unused": loss.Unused,
		} {
			for _, x := range ranges {
				if x.From <= lsn && (lsn <= x.To || x.Open) {
					list, r = list+name, x
				}
			}
		}
		return list, r
	}
}

func checkAccount(t *testing.T, ledger *gallery.Ledger, loss *lossJSON) {
	t.Helper()
	fate := fates(loss)
	count := map[string]uint64{}
	acknowledgedLost := 0
	for _, c := range ledger.Commits {
		list, r := fate(c.LSN)
		count[list]++
		switch {
		case list == "" && !c.Acked:
			// Nothing of it ever reached the disk.
		case !slices.Contains([]string{"kept", "doubtful", "lost", "unused"}, list):
			t.Errorf("LSN %d is in the lists %q", c.LSN, list)
		case c.Acked && (list == "unused" || r.Cause == "torn-tail"):
			t.Errorf("LSN %d was acknowledged, and is called %s: %+v", c.LSN, list, r)
		case c.Acked && list == "lost" && r.Cause != "asked":
			acknowledgedLost++
		}
	}
	if loss.Complete && acknowledgedLost > 0 {
		t.Errorf("%d acknowledged commits are lost, and nobody says so", acknowledgedLost)
	}
	for name, got := range map[string]uint64{"kept": loss.Totals.Kept, "doubtful": loss.Totals.Doubtful, "lost": loss.Totals.Lost} {
		if got != count[name] && (loss.Totals.Exact || name != "lost") {
			t.Errorf("%s: %d commits, the writer's list has %d", name, got, count[name])
		}
	}
}

// checkPrefix: unless it is told to go on behind damage, recover keeps a state
// that the store once had.
func checkPrefix(t *testing.T, ledger *gallery.Ledger, loss *lossJSON) {
	t.Helper()
	fate, gone := fates(loss), uint64(0)
	for _, c := range ledger.Commits {
		switch list, _ := fate(c.LSN); {
		case list == "lost" && gone == 0:
			gone = c.LSN
		case list == "doubtful", list == "kept" && gone != 0:
			t.Errorf("LSN %d is %s, and LSN %d before it is lost", c.LSN, list, gone)
		}
	}
}

// checkContents holds the new store to the replay of the writer's commits.
func checkContents(t *testing.T, s *session, ledger *gallery.Ledger, loss *lossJSON) {
	t.Helper()
	s.c.dir = "new"
	var got struct {
		Items []struct{ Key, Value any }
	}
	if err := json.Unmarshal([]byte(s.c.ok("scan", "-o", "json")), &got); err != nil {
		t.Fatal(err)
	}
	have := map[string]any{}
	for _, i := range got.Items {
		have[i.Key.(string)] = i.Value
	}
	if len(have) != loss.Entries {
		t.Errorf("%d keys, recover says %d", len(have), loss.Entries)
	}
	fate := fates(loss)
	want := map[string]any{}
	for k, v := range ledger.State(func(lsn uint64) bool {
		list, _ := fate(lsn)
		return list == "kept" || list == "doubtful"
	}) {
		want[k] = v
	}
	if loss.LostKeys > 0 {
		// Which keys these were nobody knows; but how many.
		maps.DeleteFunc(want, func(k string, _ any) bool { return have[k] == nil })
	}
	forged := slices.ContainsFunc(loss.Doubtful, func(r rangeJSON) bool { return strings.Contains(r.Reason, "does not follow") })
	if diff := cmp.Diff(want, have); diff != "" && !forged { // else one of the doubtful is not what was written
		t.Errorf("not what the commits that are kept come to (-want +got):\n%s", diff)
	}
	s.c.dir = "store"
}

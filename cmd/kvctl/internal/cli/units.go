package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size shows a number of bytes as a person reads it.
func Size(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n), 0
	for v >= 1024 && unit < 6 {
		v /= 1024
		unit++
	}
	if v < 10 {
		return fmt.Sprintf("%.2f %ciB", v, " KMGTPE"[unit])
	}
	return fmt.Sprintf("%.1f %ciB", v, " KMGTPE"[unit])
}

// Count shows a number with its thousands apart.
func Count[T int | int64 | uint64](n T) string {
	s := fmt.Sprint(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var groups []string
	for len(s) > 3 {
		groups = append([]string{s[len(s)-3:]}, groups...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, groups...), ",")
}

// Decimal shows a number for programs.
func Decimal[T int | int64 | uint64](n T) string { return fmt.Sprint(n) }

// Plural is "1 key", "2 keys", "3 entries".
func Plural[T int | int64 | uint64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Took shows a duration with as many digits as matter.
func Took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	default:
		return d.Round(10 * time.Millisecond).String()
	}
}

// Time is a moment in JSON and in tables: RFC 3339 in UTC with milliseconds.
// Moments behind the year 9999, which that form cannot hold, are Unix
// milliseconds.
func Time(t time.Time) string {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return t.Format(timeLayout)
}

const timeLayout = "2006-01-02T15:04:05.000Z"

// AppendTime appends a deadline as JSON: a string in the form of Time, or a
// number where that form ends.
func AppendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return strconv.AppendInt(dst, t.UnixMilli(), 10)
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, timeLayout)
	return append(dst, '"')
}

// Moment is a time in JSON.
type Moment time.Time

// MarshalJSON implements json.Marshaler.
func (m Moment) MarshalJSON() ([]byte, error) { return AppendTime(nil, time.Time(m)), nil }

// MomentOf is nil, and so left out or null, for no time.
func MomentOf(t time.Time) *Moment {
	if t.IsZero() {
		return nil
	}
	m := Moment(t)
	return &m
}

// ParseTime reads what Time writes, RFC 3339 in any zone, or Unix milliseconds.
func ParseTime(s string) (time.Time, error) {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, Usagef("time %q: expected RFC 3339 (2030-01-31T12:00:00Z) or Unix milliseconds", s)
	}
	return t, nil
}

// ParseDuration reads a duration in Go's form, and in whole or broken days: 7d.
func ParseDuration(s string) (time.Duration, error) {
	bad := Usagef("duration %q: expected a number with a unit, as 90s, 30m, 12h or 7d", s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= -maxDays && n <= maxDays) { // NaN is in no range
			return 0, bad
		}
		return time.Duration(n * float64(24*time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, bad
	}
	return d, nil
}

// maxDays is about how many fit into a time.Duration.
const maxDays = 106751

// ParseLSN reads a log sequence number; what names the flag.
func ParseLSN(what, s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, Usagef("%s %q: expected an LSN, a whole number from 1 on", what, s)
	}
	if n == 0 {
		return 0, Usagef("%s 0: LSNs begin at 1", what)
	}
	return n, nil
}

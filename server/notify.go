package server

import (
	"strconv"
	"strings"
)

// Classes of events, as CONFIG SET notify-keyspace-events writes them.
const (
	eventClasses = "g$lshzxetd" // what A stands for
	moreClasses  = "mn"         // misses and new keys, which A leaves out
)

// eventKinds is a parsed notify-keyspace-events.
type eventKinds struct {
	keyspace, keyevent bool // K and E
	classes            string
}

// parseEvents reads the letters; ok is false for one that is unknown.
func parseEvents(s string) (k eventKinds, ok bool) {
	want := make(map[byte]bool)
	for i := range len(s) {
		switch b := s[i]; {
		case b == 'K':
			k.keyspace = true
		case b == 'E':
			k.keyevent = true
		case b == 'A':
			for j := range len(eventClasses) {
				want[eventClasses[j]] = true
			}
		case strings.IndexByte(eventClasses+moreClasses, b) >= 0:
			want[b] = true
		default:
			return eventKinds{}, false
		}
	}
	for _, b := range []byte(eventClasses + moreClasses) {
		if want[b] {
			k.classes += string(b)
		}
	}
	return k, true
}

// String writes the letters as CONFIG GET shows them.
func (k eventKinds) String() string {
	out, rest := "", k.classes
	if strings.HasPrefix(rest, eventClasses) {
		out, rest = "A", rest[len(eventClasses):]
	}
	// Redis has n among the classes and m behind K and E.
	if strings.HasSuffix(rest, "n") && out == "" {
		out += strings.TrimRight(rest, "mn") + "n"
	} else {
		out += strings.TrimRight(rest, "mn")
	}
	if k.keyspace {
		out += "K"
	}
	if k.keyevent {
		out += "E"
	}
	if strings.Contains(rest, "m") {
		out += "m"
	}
	if strings.HasSuffix(rest, "n") && strings.HasPrefix(out, "A") {
		out += "n"
	}
	return out
}

// setEvents changes which events are published.
func (s *Server) setEvents(k eventKinds) {
	s.events.Store(&k)
	classes := k.classes
	if !k.keyspace && !k.keyevent {
		classes = ""
	}
	s.listenEvents(classes, s.publishEvents)
}

// publication marks an Event that is no event but a PUBLISH inside EXEC: its
// name is the channel, its key the message.
const (
	publication        = 0
	shardedPublication = 1
)

// publish has a message sent when the transaction is durable.
func (t *Tx) publish(channel, message []byte, sharded bool) {
	class := byte(publication)
	if sharded {
		class = shardedPublication
	}
	t.events = append(t.events, Event{Class: class, Name: string(channel), Key: Key{Key: string(message)}})
}

// publishEvents tells the subscribers what a transaction did.
func (s *Server) publishEvents(events []Event) {
	k := s.events.Load()
	for _, e := range events {
		if e.Class == publication || e.Class == shardedPublication {
			s.hub.publish([]byte(e.Name), []byte(e.Key.Key), e.Class == shardedPublication)
			continue
		}
		db := strconv.Itoa(e.DB)
		if k.keyspace {
			s.hub.publish([]byte("__keyspace@"+db+"__:"+e.Key.Key), []byte(e.Name), false)
		}
		if k.keyevent {
			s.hub.publish([]byte("__keyevent@"+db+"__:"+e.Name), []byte(e.Key.Key), false)
		}
	}
}

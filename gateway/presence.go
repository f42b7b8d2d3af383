package gateway

import "strconv"

// A Status is how a user appears to others.
//
// Source: Discord, "Gateway Events", heading "Status Types".
type Status string

// The statuses that a bot can set.
const (
	StatusOnline       Status = "online"
	StatusIdle         Status = "idle"
	StatusDoNotDisturb Status = "dnd"
	StatusInvisible    Status = "invisible" // shown as offline
	StatusOffline      Status = "offline"
)

// An ActivityType is the verb before an activity's name.
//
// Source: Discord, "Gateway Events", heading "Activity Types".
type ActivityType uint8

// The activity types.
const (
	ActivityPlaying   ActivityType = 0 // "Playing NAME"
	ActivityStreaming ActivityType = 1 // "Streaming NAME", with the URL of the stream
	ActivityListening ActivityType = 2 // "Listening to NAME"
	ActivityWatching  ActivityType = 3 // "Watching NAME"
	ActivityCustom    ActivityType = 4 // the State alone
	ActivityCompeting ActivityType = 5 // "Competing in NAME"
)

// An Activity is what the bot is shown to be doing, in the fields that a bot can set.
//
// Source: Discord, "Gateway Events", heading "Activity Object".
type Activity struct {
	Name  string       // required, also for ActivityCustom, which does not show it
	Type  ActivityType // default: ActivityPlaying
	URL   string       // of the stream, for ActivityStreaming; empty: none
	State string       // a second line, or the text of ActivityCustom; empty: none
}

// A Presence is the bot's status and its activities.
//
// Source: Discord, "Gateway Events", heading "Update Presence".
type Presence struct {
	Status     Status     // empty: StatusOnline
	Activities []Activity // nil or empty: none
	Since      int64      // since when the bot is idle, Unix time in milliseconds; 0: it is not
	AFK        bool       // whether the bot is away
}

// AppendPresence appends p alone, a JSON object as [Identify] takes it, to dst. The error is a
// [*FieldError]; dst is then returned as it was. Whether the object fits into a payload shows
// where it is put into one.
func AppendPresence(dst []byte, p *Presence) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	return appendPresence(dst, p), nil
}

// AppendPresenceUpdate appends a presence update payload (opcode 3) to dst. The error is a
// [*FieldError] or a [*PayloadTooLargeError]; dst is then returned as it was.
func AppendPresenceUpdate(dst []byte, p *Presence) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	return finish(dst, appendPresence(appendHead(dst, OpPresenceUpdate), p), OpPresenceUpdate)
}

func appendPresence(dst []byte, p *Presence) []byte {
	dst = append(dst, `{"since":`...)
	if p.Since == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, p.Since, 10)
	}
	dst = append(dst, `,"activities":[`...)
	for i := range p.Activities {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendActivity(dst, &p.Activities[i])
	}
	dst = append(dst, `],"status":`...)
	status := p.Status
	if status == "" {
		status = StatusOnline
	}
	dst = appendQuoted(dst, string(status))
	dst = append(dst, `,"afk":`...)
	dst = strconv.AppendBool(dst, p.AFK)
	return append(dst, '}')
}

func appendActivity(dst []byte, a *Activity) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendQuoted(dst, a.Name)
	dst = append(dst, `,"type":`...)
	dst = strconv.AppendUint(dst, uint64(a.Type), 10)
	if a.URL != "" {
		dst = append(dst, `,"url":`...)
		dst = appendQuoted(dst, a.URL)
	}
	if a.State != "" {
		dst = append(dst, `,"state":`...)
		dst = appendQuoted(dst, a.State)
	}
	return append(dst, '}')
}

// check returns a *FieldError for the first field that Discord would refuse.
func (p *Presence) check() error {
	refuse := func(field, reason string) error {
		return &FieldError{Op: OpPresenceUpdate, Field: field, Reason: reason}
	}
	switch p.Status {
	case "", StatusOnline, StatusIdle, StatusDoNotDisturb, StatusInvisible, StatusOffline:
	default:
		return refuse("status", "is "+strconv.Quote(string(p.Status))+", none of online, idle, dnd, invisible, offline")
	}
	if p.Since < 0 {
		return refuse("since", "is negative: "+strconv.FormatInt(p.Since, 10))
	}
	for i := range p.Activities {
		if p.Activities[i].Name == "" {
			return refuse("activities["+strconv.Itoa(i)+"].name", "is empty")
		}
		if t := p.Activities[i].Type; t > ActivityCompeting {
			return refuse("activities["+strconv.Itoa(i)+"].type", "is "+strconv.Itoa(int(t))+", not within 0 and 5")
		}
	}
	return nil
}

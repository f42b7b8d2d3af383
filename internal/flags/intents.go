package flags

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-go/sluice/gateway"
)

// Intents are what Discord is asked to send, as names or as their number.
type Intents struct{ gateway.Intents }

// Set implements [Value].
func (f *Intents) Set(s string) error {
	intents, err := gateway.ParseIntents(s)
	var unknown *gateway.NameError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("unknown %s %q: names are as Discord writes them, such as GUILDS,GUILD_MESSAGES", unknown.Kind, unknown.Name)
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), "gateway: "))
	}
	if others := intents &^ gateway.IntentsAll; others != 0 {
		return fmt.Errorf("bits %#x are no intents of Discord's", uint64(others))
	}
	f.Intents = intents
	return nil
}

func (f *Intents) String() string {
	if f.Intents == gateway.IntentsUnprivileged {
		return "all but the privileged"
	}
	return f.Intents.String()
}

// Type implements [Value].
func (f *Intents) Type() string { return "LIST" }

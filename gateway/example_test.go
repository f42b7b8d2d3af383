package gateway_test

import (
	"fmt"

	"github.com/sluice-go/sluice/gateway"
)

// What a callback wants to see, and whether what Discord is asked to send can bring it.
func ExampleEventSet() {
	messages := gateway.Events(gateway.EventMessageCreate, gateway.EventMessageUpdate, gateway.EventMessageDelete)
	fmt.Println(messages.Has(gateway.EventMessageCreate), messages.Has(gateway.EventTypingStart))

	rest := gateway.AllDispatches().Without(messages)
	fmt.Println(messages.Len(), rest.Len())

	for t := range messages.Union(gateway.Events(gateway.EventReady)).All() {
		fmt.Println(t)
	}
	// Output:
	// true false
	// 3 77
	// READY
	// MESSAGE_CREATE
	// MESSAGE_UPDATE
	// MESSAGE_DELETE
}

// A set is given and printed by the names that Discord uses.
func ExampleParseEventSet() {
	set, err := gateway.ParseEventSet("MESSAGE_CREATE, INTERACTION_CREATE, UNKNOWN")
	fmt.Println(set, err)
	// Output: UNKNOWN,INTERACTION_CREATE,MESSAGE_CREATE <nil>
}

func ExampleIntents() {
	intents := gateway.IntentGuildMessages | gateway.IntentGuildPresences
	fmt.Println(intents)
	fmt.Println("privileged:", intents&gateway.IntentsPrivileged)
	fmt.Println(intents.Events())

	// A callback for these would never run.
	wanted := gateway.Events(gateway.EventTypingStart, gateway.EventInteractionCreate)
	fmt.Println("missed:", wanted.Without(intents.Events().Union(gateway.EventsWithoutIntent())))
	// Output:
	// GUILD_PRESENCES,GUILD_MESSAGES
	// privileged: GUILD_PRESENCES
	// PRESENCE_UPDATE,MESSAGE_CREATE,MESSAGE_UPDATE,MESSAGE_DELETE,MESSAGE_DELETE_BULK
	// missed: TYPING_START
}

func ExampleParseIntents() {
	intents, err := gateway.ParseIntents("GUILDS,GUILD_MESSAGES")
	fmt.Println(uint64(intents), err)
	// Output: 513 <nil>
}

func ExampleCloseCode_Decision() {
	for _, code := range []gateway.CloseCode{gateway.CloseUnknownError, gateway.CloseSessionTimedOut, gateway.CloseShardingRequired} {
		fmt.Printf("%v: %v\n", code, code.Decision())
	}
	// Output:
	// 4000 unknown error: resume
	// 4009 session timed out: identify
	// 4011 sharding required: stop
}

// Four processes share ten shards.
func ExampleBucket() {
	for i := range 4 {
		first, last, err := gateway.Bucket(i, 4, 10)
		fmt.Println(first, last, err)
	}
	// Output:
	// 0 2 <nil>
	// 3 5 <nil>
	// 6 7 <nil>
	// 8 9 <nil>
}

func ExampleAppendRequestGuildMembers() {
	payload, err := gateway.AppendRequestGuildMembers(nil, &gateway.MembersRequest{
		GuildID: 41771983444115456,
		Query:   "ann",
		Limit:   10,
		Nonce:   "search-1",
	})
	fmt.Println(string(payload), err)
	// Output: {"op":8,"d":{"guild_id":"41771983444115456","query":"ann","limit":10,"nonce":"search-1"}} <nil>
}

package state

// A value of a row begins with a tag.
const (
	tagNull = iota
	tagFalse
	tagTrue
	tagNoMembers  // {}
	tagNoElements // []
	tagObject     // shape (2 bytes), values
	tagOpen       // length of the keys, keys in quotes, values: an object without a shape
	tagArray      // number of elements, elements
	tagUint       // a number
	tagNumber     // length, text: any other number
	tagID         // 8 bytes: a string of digits
	tagDigits     // a number: likewise, a small one
	tagHash       // 16 bytes: a string of 32 hexadecimal digits
	tagAnimated   // 16 bytes: likewise, behind a_
	tagSeconds    // Unix seconds: a string such as 2026-09-01T18:00:00+00:00
	tagMicros     // Unix microseconds: likewise, with six digits of a fraction
	tagString     // length, text without its quotes
	tagOwn        // the row's key, as a string
	tagGuild      // the guild's id, as a string

	// In heads alone: what stands elsewhere.
	tagList       // list: its rows
	tagListOrNull // list: its rows, or null if there are none
	tagCount      // member_count

	// In what a row is merged with alone (merge.go).
	tagGone // take the field away
	tagAdd  // a number, zigzag: add it to the field, which has to be a number
	tagIf   // value: if the field is there

	tagShort = 0x40 // and up to 0x7f: a string that is as long as the lower six bits say
	tagSmall = 0x80 // and above: a number, in the lower seven bits
)

// Numbers, and lengths, are varints as in encoding/binary; all else is big-endian.

const (
	maxDepth = 100          // how deep arrays and objects of an event may nest; Discord's nest ten deep
	deepest  = maxDepth + 5 // and what is made of them: an event's object may be put into another
)

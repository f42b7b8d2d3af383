package traffic

import "strconv"

// appendText appends n words, and now and then something that is none, as the
// inside of a JSON string.
func appendText(dst []byte, r *source, n int) []byte {
	for i := range n {
		if i > 0 {
			dst = append(dst, ' ')
		}
		switch r.below(12) {
		case 0:
			dst = append(dst, recur(r, ornaments)...)
		case 1, 2, 3, 4, 5, 6:
			dst = append(dst, pick(r, words)...)
		default:
			dst = append(dst, recur(r, words)...)
		}
	}
	return dst
}

// name draws a name: one that many have, or two words.
func (r *source) name(common []string, between string) string {
	if r.chance(50) {
		return pick(r, common)
	}
	return pick(r, words) + between + pick(r, words)
}

// appendEmbed appends what stands below a message's text (Discord: "Embed Object").
func appendEmbed(dst []byte, r *source, now int64) []byte {
	dst = append(dst, `{"type":"rich","title":"`...)
	dst = appendText(dst, r, r.between(1, 5))
	if r.chance(30) {
		dst = append(dst, `","timestamp":`...)
		dst = appendTime(dst, now)
		dst = append(dst, `,"thumbnail":{"width":128,"url":"https://cdn.discordapp.com/avatars/`...)
		dst = strconv.AppendUint(dst, r.snowflake(now-int64(r.below(year/1000))*1000), 10)
		dst = append(dst, '/')
		dst = r.appendHex(dst, 32)
		dst = append(dst, `.png","height":128,"flags":0,"content_scan_version":0}`...)
	} else {
		dst = append(dst, '"')
	}
	if r.chance(50) {
		dst = append(dst, `,"footer":{"text":"`...)
		dst = append(appendText(dst, r, r.between(2, 5)), `"}`...)
	}
	if fields := r.below(4); fields > 0 {
		dst = append(dst, `,"fields":[`...)
		for i := range fields {
			dst = append(separate(dst, i), `{"value":"`...)
			dst = appendText(dst, r, r.between(1, 6))
			dst = append(dst, `","name":"`...)
			dst = appendText(dst, r, r.between(1, 2))
			dst = append(dst, `","inline":true}`...)
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"description":"`...)
	dst = appendText(dst, r, r.between(12, 40))
	dst = append(dst, `","content_scan_version":0,"color":`...)
	dst = append(dst, pick(r, []string{"5793266", "15548997", "5763719", "16776960", "3092790"})...)
	return append(dst, '}')
}

// appendAttachment appends a picture of m (Discord: "Attachment Object").
func (g *Generator) appendAttachment(dst []byte, m *message) []byte {
	look := newSource(m.look, 16)
	r := &look
	var room [20]byte
	id := strconv.AppendUint(room[:0], r.snowflake(m.time), 10)
	dst = append(dst, `{"width":`...)
	dst = strconv.AppendInt(dst, int64(r.between(300, 1920)), 10)
	dst = append(dst, `,"url":"https://cdn.discordapp.com/attachments/`...)
	start := len(dst)
	dst = add(dst, m.channel, `/`)
	dst = append(dst, id...)
	dst = append(dst, `/image.png?ex=`...)
	dst = r.appendHex(dst, 8)
	dst = append(dst, `&is=`...)
	dst = r.appendHex(dst, 8)
	dst = append(dst, `&hm=`...)
	dst = append(r.appendHex(dst, 64), '&')
	end := len(dst)
	dst = append(dst, `","size":`...)
	dst = strconv.AppendInt(dst, int64(r.between(20_000, 3_000_000)), 10)
	dst = append(dst, `,"proxy_url":"https://media.discordapp.net/attachments/`...)
	dst = append(dst, dst[start:end]...)
	dst = append(dst, `","placeholder_version":1,"placeholder":"`...)
	dst = r.appendBase62(dst, 24)
	dst = append(dst, `","id":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","height":`...)
	dst = strconv.AppendInt(dst, int64(r.between(300, 1920)), 10)
	return append(dst, `,"filename":"image.png","content_type":"image/png","content_scan_version":1}`...)
}

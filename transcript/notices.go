package transcript

import (
	"slices"
	"strings"
)

const notices = "notices of a chat, such as that a message was deleted, are left out"

// chatNotices are what WhatsApp writes in a line of its own into the exports of chats, after a date and without a name.
var chatNotices = strings.Split("end-to-end encrypted| added | left| joined using | removed | created group| created this group| changed the subject|"+
	" changed the group| changed this group|security code| changed their phone number|disappearing messages|pinned a message|missed voice call|"+
	"missed video call|ende-zu-ende-verschlüsselt| hinzugefügt|gruppe verlassen| hat die gruppe|sicherheitsnummer|de bout en bout| a ajouté | a quitté|"+
	" a créé le groupe|de extremo a extremo| añadió a | salió del grupo| creó el grupo|de ponta a ponta| adicionou | saiu| criou o grupo|"+
	"crittografati end-to-end|crittografia end-to-end| ha aggiunto | ha abbandonato| ha creato il gruppo|end-to-end versleuteld", "|")

// noMessages are what WhatsApp writes instead of what somebody sent.
var noMessages = strings.Split("<media omitted>|image omitted|video omitted|audio omitted|sticker omitted|gif omitted|document omitted|contact card omitted|"+
	"this message was deleted|you deleted this message|missed voice call|missed video call|null|<medien ausgeschlossen>|bild weggelassen|audio weggelassen|"+
	"video weggelassen|sticker weggelassen|dokument weggelassen|diese nachricht wurde gelöscht|<médias omis>|image absente|audio omis|vidéo absente|"+
	"ce message a été supprimé|<multimedia omitido>|imagen omitida|audio omitido|video omitido|se eliminó este mensaje|<mídia oculta>|"+
	"<arquivo de mídia oculto>|imagem ocultada|áudio ocultado|vídeo omitido|mensagem apagada|esta mensagem foi apagada|<media omessi>|immagine omessa|audio omesso|"+
	"questo messaggio è stato eliminato|<media weggelaten>|dit bericht is verwijderd", "|")

const longestNotice = 400 // bytes

// isNotice reports whether the rest of a line, after its date, is a notice of a chat.
func isNotice(rest string) bool {
	if len(rest) > longestNotice {
		return false
	}
	if strings.HasPrefix(rest, "*** ") && strings.HasSuffix(strings.TrimSpace(rest), " ***") { // as in chats of Zendesk
		return true
	}
	return !strings.Contains(rest, ": ") && containsAny(strings.ToLower(strings.TrimSpace(rest)), chatNotices...)
}

// isNoMessage reports whether what follows a name in a chat was not sent by who is named. Notices in the name of a group start with a
// mark that does not show.
func isNoMessage(rest string) bool {
	if rest = strings.TrimSpace(rest); len(rest) > longestNotice {
		return false
	}
	said := strings.ToLower(strings.Trim(rest, "."+directionMarks))
	return slices.Contains(noMessages, said) || strings.HasPrefix(said, "<attached: ") || strings.HasSuffix(said, " (file attached)") ||
		strings.HasPrefix(rest, directionMarks[:len("\u200e")]) && isNotice(rest)
}

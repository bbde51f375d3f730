package transcript

import (
	"maps"
	"slices"
	"strings"
)

// Role is the side of the call that a speaker is on.
type Role int8

// The roles. Other is a third party, or a speaker whose name shows no side.
const (
	Other Role = iota
	Agent
	Customer
)

func (r Role) String() string {
	switch r {
	case Agent:
		return "agent"
	case Customer:
		return "customer"
	}
	return "other"
}

// Roles maps speakers to their side, by their names as they are written in the calls; case does not count.
type Roles map[string]Role

// Of returns the side of a speaker: as in the table, or else by the name, such as "Sales Rep", "Client 2" or "Dana
// (customer)".
func (r Roles) Of(speaker string) Role {
	role, _ := r.find(speaker)
	return role
}

// find also reports whether the name is one that only speakers have.
func (r Roles) find(speaker string) (role Role, known bool) {
	if role, known = r.given(speaker); known {
		return role, true
	}
	return usualRole(speaker)
}

// given returns what the table itself says of a speaker.
func (r Roles) given(speaker string) (role Role, given bool) {
	if len(r) == 0 {
		return Other, false
	}
	if role, given = r[speaker]; given {
		return role, true
	}
	for _, entry := range slices.Sorted(maps.Keys(r)) {
		if strings.EqualFold(entry, speaker) {
			return r[entry], true
		}
	}
	return Other, false
}

// usualRole returns what a speaker's name says, and whether it is one that only speakers have. What two words together
// say ("customer success") goes before what one does, and of several words the last counts ("sales lead").
func usualRole(speaker string) (role Role, known bool) {
	speaker = strings.ToLower(speaker)
	if role, known = usualNames[speaker]; known {
		return role, true
	}
	words := strings.FieldsFunc(speaker, func(c rune) bool { return strings.ContainsRune(" _.,:#/|()[]-0123456789", c) })
	for i := len(words) - 2; i >= 0; i-- {
		if role, known = usualNames[words[i]+" "+words[i+1]]; known {
			return role, true
		}
	}
	for _, word := range slices.Backward(words) {
		if role, known = usualNames[word]; !known {
			continue
		}
		if i := strings.Index(strings.ReplaceAll(speaker, "’", "'"), "'s "); i > 0 { // "client's assistant"
			if side := usualNames[speaker[:i]]; side != Other {
				role = side
			}
		}
		return role, true
	}
	return Other, false
}

// roleOf returns the side that a role in a source means, and whether it is known.
func roleOf(role string) (side Role, known bool) {
	if side, known = sourceRoles[strings.ToLower(role)]; known {
		return side, true
	}
	return usualRole(role)
}

// usualNames are words for speakers.
var usualNames = sides(map[Role]string{
	Agent: "agent rep representative sales salesperson salesman saleswoman salesrep seller advisor adviser consultant ae sdr bdr csr csm " +
		"operator support persuader broker assistant bot chatbot gpt chatgpt account_executive account_manager sales_lead " +
		"customer_success customer_care customer_service customer_services customer_support customer_experience client_success " +
		"client_services client_service client_support client_partner success_manager business_development solutions_engineer " +
		"sales_engineer salesagent telemarketer presales customer_relations team_lead team_leader shift_lead support_lead " +
		"berater beraterin kundenberater kundenberaterin verkäufer verkäuferin mitarbeiter mitarbeiterin agentin vertrieb vertriebler kundenservice " +
		"conseiller conseillère vendeur vendeuse agente vendedor vendedora asesor asesora consulente venditore venditrice operatore operatrice " +
		"atendente consultor consultora verkoper adviseur medewerker säljare sælger selger myyjä prodejce prodavač értékesítő ügyintéző vânzător " +
		"客服 客服代表 客服人员 客服人員 坐席 座席 销售 销售员 销售人员 销售顾问 顾问 業務 業務員 銷售 顧問 話務員 话务员 " +
		"担当者 担当 営業 営業担当 営業担当者 オペレーター オペレータ スタッフ 販売員 상담원 상담사 영업사원 판매원 직원 " +
		"sprzedawca sprzedawczyni handlowiec konsultant konsultantka doradca temsilci temsilcisi müşteri_temsilcisi satıcı danışman " +
		"оператор менеджер продавец консультант агент представитель сотрудник продавець представник " +
		"الموظف موظف الموظفة البائع بائع المندوب مندوب ممثل_المبيعات נציג נציגה एजेंट विक्रेता प्रतिनिधि सलाहकार พนักงาน",
	Customer: "customer client prospect buyer lead caller purchaser shopper persuadee user human decision_maker end_user enduser callee " +
		"kunde kundin interessent interessentin anrufer anruferin käufer käuferin cliente acheteur acheteuse appelant appelante comprador " +
		"compradora acquirente klant kund asiakas zákazník ügyfél vevő cumpărător 客户 客戶 顾客 顧客 客人 用户 用戶 买家 買家 お客様 お客さま 客 고객 고객님 구매자 손님 " +
		"klient klientka kupujący müşteri alıcı клиент клиентка покупатель заказчик клієнт покупець " +
		"العميل عميل العميلة الزبون زبون المشتري לקוח לקוחה ग्राहक खरीदार ลูกค้า",
	Other: "speaker spk spkr person participant unknown guest host moderator meeting_room conference_room board_room huddle_room project_lead tech_lead " +
		"technical_lead product_lead engineering_lead marketing_lead operations_lead it_lead the_witness the_court the_reporter the_clerk " +
		"the_videographer sprecher sprecherin locuteur intervenant hablante interlocutor interlocutore interlocutora falante spreker",
})

// sourceRoles are further roles that sources give, too plain to be names.
var sourceRoles = sides(map[Role]string{
	Agent:    "internal ai model employee staff company vendor supplier outbound admin teammate",
	Customer: "external visitor contact consumer inbound cust",
})

// sides turns lists of words into a table; words that belong together have an underscore between them.
func sides(lists map[Role]string) map[string]Role {
	table := make(map[string]Role)
	for role, list := range lists {
		for word := range strings.FieldsSeq(list) {
			table[strings.ReplaceAll(word, "_", " ")] = role
		}
	}
	return table
}

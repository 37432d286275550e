package schema

import (
	"regexp"
	"strings"
)

// source is the parsed TypeScript of one resource, data source or provider.
type source struct {
	main    string                      // the class of the resource itself
	kind    string                      // what the main class extends: TerraformResource, …
	address string                      // aws_s3_bucket; empty for a provider
	classes map[string]class            // by name
	written map[string]map[string]entry // entries of the …ToHclTerraform functions, by function, in lower case
	text    string
}

// class is one generated class; its members are arguments and computed attributes.
type class struct {
	members []member
	written map[string]entry
}

// member is one attribute or block of a class.
type member struct {
	name                         string
	computed, optional, required bool
	code                         string // its accessors
}

// entry describes how an argument is written as HCL.
type entry struct {
	value   string // the expression
	shape   string // simple, list, set, map or struct
	storage string // string, numberList, S3BucketRuleList, …
}

var (
	classStart    = regexp.MustCompile(`(?m)^export class (\w+) extends cdktf\.(\w+) \{`)
	memberStart   = regexp.MustCompile(`(?m)^ *// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)`)
	functionStart = regexp.MustCompile(`(?m)^export function (\w+)ToHclTerraform\(`)
	entryPattern  = regexp.MustCompile(`(?m)^ +(\w+): \{\s*value: ([^\n]*),\s*isBlock: \w+,\s*type: "(\w+)",\s*storageClassType: "(\w+)"`)
	addressMatch  = regexp.MustCompile(`tfResourceType = "(\w+)"`)
	versionMatch  = regexp.MustCompile(`providerVersion: '([^']+)'`)
)

func parse(text string) source {
	s := source{classes: map[string]class{}, written: map[string]map[string]entry{}, text: text}
	if m := addressMatch.FindStringSubmatch(text); m != nil {
		s.address = m[1]
	}
	for _, at := range classStart.FindAllStringSubmatchIndex(text, -1) {
		name, kind := text[at[2]:at[3]], text[at[4]:at[5]]
		body := upToNextExport(text[at[0]:])
		c := class{members: members(body)}
		switch kind {
		case "TerraformResource", "TerraformDataSource", "TerraformProvider":
			s.main, s.kind = name, kind
			if i := strings.Index(body, "synthesizeHclAttributes"); i >= 0 {
				c.written = entries(body[i:])
			}
		}
		s.classes[name] = c
	}
	for _, at := range functionStart.FindAllStringSubmatchIndex(text, -1) {
		s.written[strings.ToLower(text[at[2]:at[3]])] = entries(upToNextExport(text[at[0]:]))
	}
	return s
}

func upToNextExport(text string) string {
	if i := strings.Index(text[1:], "\nexport "); i >= 0 {
		return text[:i+2]
	}
	return text
}

func members(body string) []member {
	body, _, _ = strings.Cut(body, "// SYNTHESIS")
	found := memberStart.FindAllStringSubmatchIndex(body, -1)
	all := make([]member, len(found))
	for i, at := range found {
		end := len(body)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		all[i] = member{
			name:     body[at[2]:at[3]],
			computed: body[at[4]:at[5]] == "true",
			optional: body[at[6]:at[7]] == "true",
			required: body[at[8]:at[9]] == "true",
			code:     body[at[0]:end],
		}
	}
	return all
}

func entries(body string) map[string]entry {
	all := map[string]entry{}
	for _, m := range entryPattern.FindAllStringSubmatch(body, -1) {
		all[m[1]] = entry{value: m[2], shape: m[3], storage: m[4]}
	}
	return all
}

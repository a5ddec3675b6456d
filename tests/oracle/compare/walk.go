package main

// walk calls visit with every member of every object in the value, at any depth.
func walk(value any, visit func(name string, member any)) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			visit(name, member)
			walk(member, visit)
		}
	case []any:
		for _, element := range value {
			walk(element, visit)
		}
	}
}

// templates gives what has the metadata and the spec of a pod: the object, or what is below
// `template`.
func templates(object map[string]any) (out []map[string]any) {
	if object["kind"] == "Pod" {
		out = append(out, object)
	}
	walk(object["spec"], func(name string, member any) {
		if template, ok := member.(map[string]any); ok && name == "template" && template["spec"] != nil {
			out = append(out, template)
		}
	})
	return out
}

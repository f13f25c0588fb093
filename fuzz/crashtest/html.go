package crashtest

// HTML is the report as one page that needs nothing else.
func (f *Failure) HTML() []byte { return []byte("<pre>" + f.String() + "</pre>") }

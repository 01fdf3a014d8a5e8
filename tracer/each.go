package tracer

// Each calls f for every task of the tree. f must not start or end tasks.
func (tr *Tracer) Each(f func(*Task)) {
	for _, t := range tr.tasks {
		f(t)
	}
}

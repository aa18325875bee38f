    .section .rodata
    .global matinee_evidence_words_begin, matinee_evidence_words_end
matinee_evidence_words_begin:
    .incbin "lib/understanding/words/evidence.txt"
matinee_evidence_words_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits

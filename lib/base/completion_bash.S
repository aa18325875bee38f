    .section .rodata
    .global matinee_completion_bash_begin, matinee_completion_bash_end
matinee_completion_bash_begin:
    .incbin "lib/base/completion.bash"
matinee_completion_bash_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
